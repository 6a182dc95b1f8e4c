package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// cell is what one engine did at one mode of a job; zero where it did not run.
type cell struct {
	engine string  // with its version
	rate   float64 // rows a second
	peak   float64 // MiB resident at most
	idle   float64 // MiB resident before the task
	spread float64 // between the quartiles of the rounds' rates, as a share of the median
}

// line is a row of the table: one cell an engine.
type line struct {
	job   job
	mode  mode
	cells []cell
}

// contender is an engine's process at one mode, with its rounds so far.
type contender struct {
	*process
	line, column int
	batches      int // a round
	rates        []float64
}

// measure runs all engines at all modes of a job in turn.
func measure(ctx context.Context, o options, j job, engines []engine) (lines []line, err error) {
	var all []*contender
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.close())
		}
	}()
	for at, m := range j.modes {
		lines = append(lines, line{job: j, mode: m, cells: make([]cell, len(engines))})
		started, err := startAll(ctx, j, m, engines)
		for _, c := range started {
			c.line = at
			all = append(all, c)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := rounds(o, j.rows(), all); err != nil {
		return nil, err
	}
	for _, c := range all {
		lines[c.line].cells[c.column] = cell{engine: c.Engine, rate: median(c.rates), peak: c.memory("VmHWM"), idle: c.idle, spread: spread(c.rates)}
	}
	return lines, nil
}

// startAll starts every engine that can do the job, and compares their answers
// with the first one's. What was started is returned beside an error, too.
func startAll(ctx context.Context, j job, m mode, engines []engine) (out []*contender, err error) {
	t := task{
		Kind: j.kind, Mode: m, Model: j.file[frozen], Rewritten: j.file[blended], SourceWeight: sourceWeight,
		Input: j.input, Shape: j.shape, Threads: j.on, Flops: j.flops * float64(j.rows()),
	}
	for i, e := range engines {
		if !e.runs(j) {
			continue
		}
		p, err := start(ctx, e, t)
		if err != nil {
			return out, err
		}
		out = append(out, &contender{process: p, column: i})
		if e.name == fmaLoop {
			continue // it answers nothing
		}
		if err := agree(out[0].Answers, p.Answers); err != nil {
			return out, fmt.Errorf("%s, %s: %w", p.Engine, m, err)
		}
	}
	return out, nil
}

// agree says whether two engines did the same work.
func agree(want, got []float32) error {
	const tolerance = 1e-4 // of the largest answer: above rounding, far below another rule
	if len(want) != len(got) {
		return fmt.Errorf("%d answers, want %d", len(got), len(want))
	}
	var largest, difference float64
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		difference = max(difference, math.Abs(float64(got[i])-float64(want[i]))) // max keeps NaN
	}
	if !(difference <= tolerance*largest) {
		return fmt.Errorf("an answer differs from ttad's by %.3g where the largest is %.3g", difference, largest)
	}
	return nil
}

// pause is between two engines' work: threads of the one before wait for more by
// spinning, for as long as a few milliseconds.
const pause = 10 * time.Millisecond

// rounds lets everybody work in turn, each round beginning with another one.
func rounds(o options, rows int, all []*contender) error {
	for _, c := range all {
		if err := c.pace(o.round); err != nil {
			return err
		}
	}
	for round := range o.rounds {
		for i := range all {
			c := all[(i+round)%len(all)]
			time.Sleep(pause)
			seconds, err := c.run(c.batches)
			if err != nil {
				return err
			}
			c.rates = append(c.rates, float64(rows*c.batches)/seconds)
		}
	}
	return nil
}

// pace warms up and chooses how many batches fill a round.
func (c *contender) pace(round time.Duration) error {
	for c.batches = 1; ; c.batches *= 4 {
		seconds, err := c.run(c.batches)
		if err != nil {
			return err
		}
		if share := seconds / round.Seconds(); share > 0.1 {
			c.batches = max(1, int(float64(c.batches)/share))
			return nil
		}
	}
}

// median is the middle value, or the mean of the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread is the distance between the quartiles as a share of the median.
func spread(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n-1-n/4] - sorted[n/4]) / median(sorted)
}
