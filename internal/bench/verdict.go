package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// reading is a bar's value at one job.
type reading struct {
	value float64
	job   job
}

// readings measures a bar at every job it is about, the worst first.
func (r *report) readings(b bar) (all []reading) {
	for _, l := range r.lines {
		if l.mode != b.of.mode || !b.about(l.job) {
			continue
		}
		if v := b.value(r.cell(l.job, b.of), r.cell(l.job, b.to)); v > 0 {
			all = append(all, reading{v, l.job})
		}
	}
	slices.SortStableFunc(all, func(x, y reading) int { return cmp.Compare(b.margin(x.value), b.margin(y.value)) })
	return all
}

func (b bar) about(j job) bool {
	return slices.Contains(b.jobs, j.name) && (b.batch == 0 || b.batch == j.batch()) && (b.threads == 0 || b.threads == j.on)
}

// margin is how far a value is on the good side of the bound, as a share of it.
func (b bar) margin(value float64) float64 {
	if b.atMost {
		return 1 - value/b.bound
	}
	return value/b.bound - 1
}

// cell is what a side did at a job; zero where it did nothing.
func (r *report) cell(j job, s side) cell {
	for _, l := range r.lines {
		if l.mode == s.mode && l.job.String() == j.String() {
			return l.by(r.engines, s.engine)
		}
	}
	return cell{}
}

// by is the cell of an engine of that name.
func (l line) by(engines []engine, name string) cell {
	if name == best {
		return cmp.Or(l.by(engines, ttadWinograd), l.by(engines, ttadDirect))
	}
	for i, e := range engines {
		if e.name == name {
			return l.cells[i]
		}
	}
	return cell{}
}

// writeBars writes the first table: what is asked, what was measured, and whether
// that is enough everywhere.
func (r *report) writeBars(b *strings.Builder) {
	b.WriteString("| bar | asked | measured, worst first | |\n|---|---|---|---|\n")
	for _, bar := range bars() {
		asked := "at least"
		if bar.atMost {
			asked = "at most"
		}
		fmt.Fprintf(b, "| %s | %s %g | %s |\n", bar.work, asked, bar.bound, bar.verdict(r.readings(bar)))
	}
}

// verdict lists readings and says whether all of them pass.
func (b bar) verdict(all []reading) string {
	if len(all) == 0 {
		return "not measured | –"
	}
	missed := 0
	var told []string
	for _, v := range all {
		told = append(told, fmt.Sprintf("%.3g (%s)", v.value, b.where(v.job)))
		if b.margin(v.value) < 0 {
			missed++
		}
	}
	mark := "met"
	if missed > 0 {
		mark = fmt.Sprintf("**missed** at %d of %d", missed, len(all))
	}
	return strings.Join(told, ", ") + " | " + mark
}

// where tells a reading's job from the bar's others: its batch and threads, after
// its name where the bar is about several.
func (b bar) where(j job) string {
	at := fmt.Sprintf("%d×%d", j.batch(), j.on)
	if len(b.jobs) > 1 {
		at = j.name + " " + at
	}
	return at
}
