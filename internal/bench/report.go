package main

import (
	"fmt"
	"strings"
	"time"
)

// report is a run and what it measured.
type report struct {
	options options
	start   time.Time
	load    string // of the machine before the first engine started
	engines []engine
	lines   []line
	notes   []string
}

// markdown writes the section of the document.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", sectionTitle)
	fmt.Fprintf(&b, introduction, r.start.UTC().Format(time.DateOnly), machine(), r.load,
		r.options.rounds, r.options.round.Milliseconds(), r.versions())
	r.table(&b, "rows a second", func(line, int) bool { return true }, r.speed)
	b.WriteString("\n" + r.steadiness())
	b.WriteString("\nMost memory resident, MiB, the same processes; Python's, PyTorch's and Node's own memory is in it:\n\n")
	r.table(&b, "MiB", func(l line, _ int) bool { return l.job.threads == 1 }, r.memory)
	for _, n := range r.notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

const introduction = `Measured on %s by ` + "`make bench-table`" + `: %s;
load before the start %s. Medians of %d interleaved rounds of about %d ms;
every engine a process of its own, held to as many threads, taking the time itself; their answers agree.
%s.

In brackets: ttad's speed divided by that engine's. ttad's time includes copying the batch in and the logits out. alpha-BN gives
the batch's statistics half the weight: in ONNX Runtime by a graph rewritten with ReduceMean, in PyTorch (eager, channels-last) by
var_mean before batch_norm. A row of the matrix product is 0.52 MFLOP.

`

// versions names every engine met, with its version, once.
func (r *report) versions() string {
	var names []string
	for i := range r.engines {
		for _, l := range r.lines {
			if name := l.cells[i].engine; name != "" {
				names = append(names, name)
				break
			}
		}
	}
	return "Engines: " + strings.Join(names, ", ")
}

// table writes the lines that are wanted, one column an engine.
func (r *report) table(b *strings.Builder, unit string, want func(line, int) bool, show func(at, engine int) string) {
	fmt.Fprintf(b, "| %s | batch | threads |", unit)
	for _, e := range r.engines {
		fmt.Fprintf(b, " %s |", e.name)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(r.engines)) + "\n")
	for i, l := range r.lines {
		if !want(l, i) {
			continue
		}
		fmt.Fprintf(b, "| %s, %s | %d | %d |", l.job.name, l.mode, l.job.rows(), l.job.threads)
		for e := range r.engines {
			fmt.Fprintf(b, " %s |", show(i, e))
		}
		b.WriteString("\n")
	}
}

// speed shows a rate: another engine's with ttad's share of it, ttad's own with
// its share of the frozen plan beside it.
func (r *report) speed(at, engine int) string {
	l := r.lines[at]
	c := l.cells[engine]
	switch {
	case c.rate == 0:
		return "–"
	case engine > 0:
		return fmt.Sprintf("%.0f (%.2f)", c.rate, l.cells[0].rate/c.rate)
	case l.mode != frozen:
		return fmt.Sprintf("%.0f, %.2f of frozen", c.rate, c.rate/r.lines[at-1].cells[0].rate)
	}
	return fmt.Sprintf("%.0f", c.rate)
}

// steadiness says how far rounds of one cell differed, since nobody knows what
// else a machine did.
func (r *report) steadiness() string {
	var spreads []float64
	worst, where := 0.0, ""
	for _, l := range r.lines {
		for _, c := range l.cells {
			if c.rate == 0 {
				continue
			}
			spreads = append(spreads, c.spread)
			if c.spread >= worst {
				worst, where = c.spread, fmt.Sprintf("%s, %s, %s", c.engine, l.job, l.mode)
			}
		}
	}
	if len(spreads) == 0 {
		return ""
	}
	return fmt.Sprintf("The quartiles of a cell's rounds are %.0f %% of its median apart in the median cell, and %.0f %% in the worst (%s).\n",
		100*median(spreads), 100*worst, where)
}

func (r *report) memory(at, engine int) string {
	peak := r.lines[at].cells[engine].peak
	if peak == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", peak)
}
