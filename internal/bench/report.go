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
	r.writeBars(&b)
	b.WriteString(legend)
	r.table(&b, "rows a second", func(l line) bool { return l.job.flops == 0 }, r.rate)
	b.WriteString("\nKernels, where the loop that multiplies and adds registers without touching memory is the limit, in GFLOP/s:\n\n")
	r.table(&b, "GFLOP/s", func(l line) bool { return l.job.flops > 0 }, r.rate)
	b.WriteString("\n" + r.steadiness())
	b.WriteString("\nMost memory resident, MiB, the same processes; in brackets what a process had before it read the model:\n\n")
	r.table(&b, "MiB", func(l line) bool { return l.job.on == 1 }, r.memory)
	for _, n := range r.notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

const introduction = `Measured on %s by ` + "`make bench`" + `: %s;
load before the start %s. Medians of %d interleaved rounds of about %d ms;
every engine a process of its own, held to as many threads, taking the time itself; their answers agree to 1e-4.
%s.

What is asked of the engine, as ratios within this run; in brackets the batch and the threads of a value:

`

const legend = `
In brackets: the speed of ttad divided by that engine's, direct and then with Winograd's algorithm where the model has
convolutions for it. ttad's time includes copying the batch in and the logits out. alpha-BN gives the batch's statistics half the
weight: in ONNX Runtime by a graph rewritten with ReduceMean, in PyTorch (eager, channels-last) by var_mean before batch_norm. A
replay of an alphabn pipeline rests on two forwards a batch, one for the source model's answers; both are timed alone, too. All but
ResNet-20 have random weights.

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
func (r *report) table(b *strings.Builder, unit string, want func(line) bool, show func(line, engine, cell) string) {
	fmt.Fprintf(b, "| %s | batch | threads |", unit)
	for _, e := range r.engines {
		fmt.Fprintf(b, " %s |", e.name)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(r.engines)) + "\n")
	for _, l := range r.lines {
		if !want(l) {
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %d |", l.name(), l.job.batch(), l.job.on)
		for i, e := range r.engines {
			text := "–"
			if l.cells[i].rate > 0 {
				text = show(l, e, l.cells[i])
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
}

// name is the workload's, with the mode where there is more than one way.
func (l line) name() string {
	if l.job.flops > 0 || l.job.kind == adjusts {
		return l.job.name
	}
	return fmt.Sprintf("%s, %s", l.job.name, l.mode)
}

// rate shows a speed: another engine's with ttad's share of it, ttad's own with
// its share of the job's first mode beside it.
func (r *report) rate(l line, e engine, c cell) string {
	shown := c.rate
	if l.job.flops > 0 {
		shown *= l.job.flops / 1e9
	}
	text := fmt.Sprintf("%.0f", shown)
	if !e.ours() {
		return text + " (" + r.shares(l, c) + ")"
	}
	if first := l.job.modes[0]; first != l.mode {
		text += fmt.Sprintf(", %.2f of %s", ratio(c.rate, r.cell(l.job, side{e.name, first}).rate), first)
	}
	return text
}

// shares are our engines' speeds divided by another's.
func (r *report) shares(l line, c cell) string {
	text := fmt.Sprintf("%.2f", l.by(r.engines, ttadDirect).rate/c.rate)
	if w := l.by(r.engines, ttadWinograd).rate; w > 0 {
		text += fmt.Sprintf(", %.2f", w/c.rate)
	}
	return text
}

func (r *report) memory(_ line, _ engine, c cell) string {
	return fmt.Sprintf("%.0f (%.0f)", c.peak, c.idle)
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
