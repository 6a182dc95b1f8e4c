package replay

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"ttad/tta"
)

// SourceName is the report's entry for the source model.
const SourceName = tta.SourceName

// Report is what a replay found, in the order source, then the pipelines as
// configured.
type Report struct {
	Rows          int        `json:"rows"`
	Seconds       float64    `json:"seconds"`
	RowsPerSecond float64    `json:"rows_per_second"`
	Learned       int        `json:"labels_learned,omitempty"` // labels that reached the group
	Pipelines     []Pipeline `json:"pipelines"`
	Labelled      bool       `json:"-"` // false: no labels were given, so no scores
	Withheld      []string   `json:"-"` // pipelines that learn from labels and were told none
	Files         []string   `json:"-"` // written into Options.Out
}

// Pipeline is what one pipeline did over all rows. What needs labels is nil
// without them, so that nobody reads an error of 0.
type Pipeline struct {
	Name string `json:"name"`
	Role string `json:"role"`
	*tta.Score
	// Advantage is the accuracy above the source's on the same rows; nil for the
	// source. BrierAdvantage is how far the Brier score is above the source's:
	// below 0 the pipeline is better.
	Advantage        *tta.Interval `json:"advantage,omitempty"`
	BrierAdvantage   *tta.Interval `json:"brier_advantage,omitempty"`
	Changed          float64       `json:"changed"` // share of rows whose class differs from the source's
	Tripped          int           `json:"tripped"` // batches answered from the source view
	ForwardsPerBatch float64       `json:"forwards_per_batch"`
}

// WriteText prints the report as an aligned table.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range r.table() {
		fmt.Fprintln(t, strings.Join(line, "\t")+"\t")
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	last := fmt.Sprintf("%d rows in %.1f s, %.0f rows/s\n", r.Rows, r.Seconds, r.RowsPerSecond)
	for _, note := range r.notes() {
		last += note + "\n"
	}
	if len(r.Files) > 0 {
		last += fmt.Sprintf("%d files written to %s\n", len(r.Files), filepath.Dir(r.Files[0]))
	}
	if _, err := io.WriteString(w, last); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteMarkdown prints the report as a Markdown document.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Replay\n\n%d rows in %.1f s (%.0f rows/s).\n\n", r.Rows, r.Seconds, r.RowsPerSecond)
	for i, line := range r.table() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat(" --- |", len(line)))
		}
	}
	for _, note := range r.notes() {
		fmt.Fprintf(&b, "\n%s.\n", note)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// notes are what a reader of the table must know.
func (r *Report) notes() []string {
	var notes []string
	if r.Learned > 0 {
		notes = append(notes, fmt.Sprintf("%d labels reached the learners", r.Learned))
	}
	if len(r.Withheld) > 0 {
		notes = append(notes, fmt.Sprintf("no label reached %s, which would learn from them: --label-delay says when they come", strings.Join(r.Withheld, ", ")))
	}
	return notes
}

// column is one column of the table: its head, and what stands in it for a
// pipeline.
type column struct {
	head string
	cell func(Pipeline) string
}

func (r *Report) table() [][]string {
	columns := r.columns()
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
	}
	lines := [][]string{heads}
	for _, p := range r.Pipelines {
		line := make([]string, len(columns))
		for i, c := range columns {
			line[i] = c.cell(p)
		}
		lines = append(lines, line)
	}
	return lines
}

// columns leaves out what nobody has a figure for.
func (r *Report) columns() []column {
	columns := []column{
		{"pipeline", func(p Pipeline) string { return p.Name }},
		{"role", func(p Pipeline) string { return p.Role }},
	}
	if r.Labelled {
		columns = append(columns,
			column{"error %", func(p Pipeline) string { return percent(p.Error) }},
			column{"accuracy %", func(p Pipeline) string { return percent(p.Accuracy) }},
			column{"brier", func(p Pipeline) string { return digits(&p.Brier) }},
			column{"nll", func(p Pipeline) string { return digits(&p.NLL) }},
			column{"ece", func(p Pipeline) string { return digits(&p.ECE) }})
		if r.any(func(p Pipeline) bool { return p.AUC != nil }) {
			columns = append(columns, column{"auc", func(p Pipeline) string { return digits(p.AUC) }})
		}
		if r.any(func(p Pipeline) bool { return p.GAUC != nil }) {
			columns = append(columns, column{"gauc", func(p Pipeline) string { return digits(p.GAUC) }})
		}
		columns = append(columns, column{"ahead of source, points", Pipeline.ahead})
	}
	return append(columns,
		column{"changed %", func(p Pipeline) string { return percent(p.Changed) }},
		column{"tripped", func(p Pipeline) string { return fmt.Sprint(p.Tripped) }},
		column{"forwards/batch", func(p Pipeline) string { return fmt.Sprintf("%.2f", p.ForwardsPerBatch) }})
}

func (r *Report) any(has func(Pipeline) bool) bool { return slices.ContainsFunc(r.Pipelines, has) }

// ahead is the advantage in points of accuracy, with the bounds of its 95 %
// interval where there were rows enough for one.
func (p Pipeline) ahead() string {
	switch a := p.Advantage; {
	case a == nil:
		return "-"
	case a.Low <= -1:
		return fmt.Sprintf("%+.2f", 100*a.Mean)
	default:
		return fmt.Sprintf("%+.2f [%+.2f, %+.2f]", 100*a.Mean, 100*a.Low, 100*a.High)
	}
}

func percent(share float64) string { return fmt.Sprintf("%.2f", 100*share) }

func digits(value *float64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *value)
}
