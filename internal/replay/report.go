package replay

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"ttad/tta"
)

// SourceName is the report's entry for the source model.
const SourceName = "source"

// Report is what a replay found, in the order source, then the pipelines as
// configured.
type Report struct {
	Rows          int        `json:"rows"`
	Seconds       float64    `json:"seconds"`
	RowsPerSecond float64    `json:"rows_per_second"`
	Pipelines     []Pipeline `json:"pipelines"`
	Labelled      bool       `json:"-"` // false: no labels were given, so no scores
	Files         []string   `json:"-"` // written into Options.Out
}

// Pipeline is what one pipeline did over all rows.
type Pipeline struct {
	Name             string  `json:"name"`
	Role             string  `json:"role"`
	*tta.Score               // nil without labels, so that nobody reads an error of 0
	Changed          float64 `json:"changed"` // share of rows whose class differs from the source's
	Tripped          int     `json:"tripped"` // batches answered from the source view
	ForwardsPerBatch float64 `json:"forwards_per_batch"`
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
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func (r *Report) table() [][]string {
	if !r.Labelled {
		lines := [][]string{{"pipeline", "role", "changed %", "tripped", "forwards/batch"}}
		for _, p := range r.Pipelines {
			lines = append(lines, append([]string{p.Name, p.Role}, p.conduct()...))
		}
		return lines
	}
	lines := [][]string{{"pipeline", "role", "error %", "accuracy %", "brier", "nll", "ece", "changed %", "tripped", "forwards/batch"}}
	for _, p := range r.Pipelines {
		scores := []string{p.Name, p.Role, percent(p.Error), percent(p.Accuracy),
			fmt.Sprintf("%.4f", p.Brier), fmt.Sprintf("%.4f", p.NLL), fmt.Sprintf("%.4f", p.ECE)}
		lines = append(lines, append(scores, p.conduct()...))
	}
	return lines
}

// conduct is what can be told without labels.
func (p Pipeline) conduct() []string {
	return []string{percent(p.Changed), fmt.Sprint(p.Tripped), fmt.Sprintf("%.2f", p.ForwardsPerBatch)}
}

func percent(share float64) string { return fmt.Sprintf("%.2f", 100*share) }
