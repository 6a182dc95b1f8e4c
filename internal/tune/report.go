package tune

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"ttad/configs"
	"ttad/tta"
)

// Report is what a search found.
type Report struct {
	Group    string `json:"group"`
	Pipeline string `json:"pipeline"`
	Score    Metric `json:"score"`
	Rows     int    `json:"rows"`
	// ChosenOn is how many rows decided; Spent says that the budget ended the
	// search before all that should have.
	ChosenOn int  `json:"chosen_on"`
	Spent    bool `json:"budget_spent"`
	// Results are the candidates, those that lasted longest first and then the
	// lowest score.
	Results []Result `json:"candidates"`
	Winner  Result   `json:"winner"`
	// HeldOut is how many rows, after those that decided, compared the winner with
	// the settings in force; InForce and Best are their scores there, and Gain the
	// first less the second with its 95 % interval.
	HeldOut int          `json:"held_out"`
	InForce float64      `json:"in_force"`
	Best    float64      `json:"best"`
	Gain    tta.Interval `json:"gain"`
	// BeyondNoise says that the interval lies above 0; Taken that the fragment has
	// the winner's settings, not those in force.
	BeyondNoise bool   `json:"beyond_noise"`
	Taken       bool   `json:"taken"`
	Fragment    string `json:"fragment"`
	Withheld    bool   `json:"labels_withheld,omitempty"` // from strategies that learn from them
}

// Result is one candidate's score on the rows it was judged by.
type Result struct {
	Settings map[string]string `json:"settings"` // by strategy.parameter; empty: those in force
	Score    float64           `json:"score"`
	Rows     int               `json:"rows"`
}

func (s *search) report(inForce tta.PipelineConfig) (*Report, error) {
	r := &Report{
		Group: s.group.Name, Pipeline: inForce.Name, Score: s.Score, Rows: s.data.Rows(),
		ChosenOn: s.winner.rows, Spent: s.spent, Winner: s.winner.result(),
		HeldOut: s.held.rows, InForce: s.held.inForce / float64(s.held.n), Best: s.held.best / float64(s.held.n), Gain: s.held.gain.Interval(),
	}
	for _, c := range s.all {
		r.Results = append(r.Results, c.result())
	}
	slices.SortStableFunc(r.Results, func(a, b Result) int {
		switch {
		case a.Rows != b.Rows:
			return b.Rows - a.Rows
		case a.Score < b.Score:
			return -1
		case a.Score > b.Score:
			return 1
		}
		return 0
	})
	r.BeyondNoise = s.winner != s.all[0] && r.Gain.Low > 0
	r.Taken = r.BeyondNoise || s.Force && s.winner != s.all[0]
	for _, p := range s.group.Pipelines.Pipelines() {
		r.Withheld = r.Withheld || s.Labels == nil && p.Learns()
	}
	take := inForce
	if r.Taken {
		take = s.winner.Config
	}
	text, err := configs.Fragment(take, s.Registry)
	r.Fragment = fmt.Sprintf("# groups.%s.pipelines: %s\n%s", r.Group, r.verdict(), text)
	return r, err
}

func (c *runner) result() Result { return Result{c.Settings, c.mean(), c.rows} }

// WriteText prints the table and what it means.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "settings\t%s\trows\t\n", r.Score)
	for _, c := range r.Results {
		mark := ""
		if maps.Equal(c.Settings, r.Winner.Settings) {
			mark = "chosen"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", c.name(), r.Score.text(c.Score), c.Rows, mark)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	for _, note := range r.notes() {
		fmt.Fprintln(&b, note)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (c Result) name() string {
	if len(c.Settings) == 0 {
		return "(in force)"
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		parts = append(parts, name+"="+c.Settings[name])
	}
	return strings.Join(parts, " ")
}

func (r *Report) notes() []string {
	var notes []string
	if r.Spent {
		notes = append(notes, fmt.Sprintf("The budget was spent after %d of %d rows to choose on: this is the best so far, and not the same on every machine.", r.ChosenOn, int(chosenOn*float64(r.Rows))))
	}
	notes = append(notes, fmt.Sprintf("Chosen on %d rows, compared on the last %d: %s.", r.ChosenOn, r.HeldOut, r.verdict()))
	if r.Withheld {
		notes = append(notes, "No label reached the strategies that learn from them: --label-delay says when they come.")
	}
	return notes
}

// verdict says what to make of the winner.
func (r *Report) verdict() string {
	if len(r.Winner.Settings) == 0 {
		return "nothing did better than the settings in force, which stay"
	}
	figures := fmt.Sprintf("%s %s with %s, %s in force: gain %s %s", r.Score, r.Score.text(r.Best), r.Winner.name(), r.Score.text(r.InForce), r.Score.signed(r.Gain.Mean), r.bounds())
	switch {
	case r.BeyondNoise:
		return figures
	case r.Taken:
		return figures + "; warning: the gain is within noise, and taken because of --force"
	}
	return figures + "; warning: the gain is within noise, so the settings in force stay (--force takes the others)"
}

// bounds are those of the gain, where there were rows enough for some.
func (r *Report) bounds() string {
	if r.Gain.Low <= -r.Score.reach() {
		return "(too few rows for an interval)"
	}
	return fmt.Sprintf("[%s, %s]", r.Score.signed(r.Gain.Low), r.Score.signed(r.Gain.High))
}
