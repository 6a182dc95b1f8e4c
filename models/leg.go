package models

import (
	"context"
	"errors"
	"slices"

	"ttad/accel"
)

// leg is one part of a plan for one session: a stream and memory on the part's device.
type leg struct {
	plan   *Plan
	part   *part
	stream accel.Stream
	inputs []accel.Buffer
	lane
}

// lane is memory for the results of one forward.
type lane struct {
	outputs []accel.Buffer
	wanted  []accel.Buffer // of the running forward: nil for what was not asked for
	moments []accel.Buffer
	host    [][]float32 // of moments: means, then variances
}

// open makes the stream and allocates for the largest batch.
func (l *leg) open() (err error) {
	if l.stream, err = l.part.device.NewStream(); err != nil {
		return err
	}
	if l.inputs, err = l.part.allocInputs(); err != nil {
		return err
	}
	return l.lane.alloc(l.part)
}

// allocInputs returns memory for a batch; beside an error, what there was until then.
func (p *part) allocInputs() (inputs []accel.Buffer, err error) {
	program := p.exec.Program()
	for _, id := range program.Inputs {
		if err := p.alloc(&inputs, program.Values[id].Shape.Elements(p.exec.MaxRows())); err != nil {
			return inputs, err
		}
	}
	return inputs, nil
}

func (l *lane) alloc(p *part) error {
	program := p.exec.Program()
	for _, id := range program.Outputs {
		if err := p.alloc(&l.outputs, program.Values[id].Shape.Elements(p.exec.MaxRows())); err != nil {
			return err
		}
	}
	for i := range program.NormSteps {
		floats := 2 * program.NormChannels(i)
		if err := p.alloc(&l.moments, floats); err != nil {
			return err
		}
		l.host = append(l.host, make([]float32, floats))
	}
	return nil
}

func (p *part) alloc(to *[]accel.Buffer, floats int) error {
	b, err := p.device.Alloc(floats)
	if err == nil {
		*to = append(*to, b)
	}
	return err
}

// free gives device memory back.
func free(buffers ...[]accel.Buffer) error {
	var errs []error
	for _, b := range slices.Concat(buffers...) {
		errs = append(errs, b.Free())
	}
	return errors.Join(errs...)
}

func (l *lane) free() error { return free(l.outputs, l.moments) }

// forward takes what lies at the part's edges through it. An edge without memory is
// not wanted.
func (l *leg) forward(ctx context.Context, at [][]float32, rows int, rules []accel.NormRule, keep Keep) error {
	err := l.upload(l.stream, l.inputs, at)
	if err == nil {
		err = l.queue(&l.lane, at, rows, rules, keep)
	}
	return errors.Join(err, l.sync(ctx))
}

func (l *leg) upload(to accel.Stream, inputs []accel.Buffer, at [][]float32) error {
	for i, edge := range l.part.in {
		if err := to.Upload(inputs[i], at[edge]); err != nil {
			return err
		}
	}
	return nil
}

// queue queues a run on the part's inputs, and behind it the downloads and what
// others have to do with the outputs.
func (l *leg) queue(to *lane, at [][]float32, rows int, rules []accel.NormRule, keep Keep) error {
	to.wanted = append(to.wanted[:0], to.outputs...)
	for i, edge := range l.part.out {
		if at[edge] == nil {
			to.wanted[i] = nil
		}
	}
	args := accel.Args{Inputs: l.inputs, Outputs: to.wanted}
	if len(rules) > 0 {
		args.Norms = rules[l.part.norms[0]:l.part.norms[1]]
	}
	if keep.Moments {
		args.Moments = to.moments
	}
	if err := l.stream.Run(l.part.exec, rows, args); err != nil {
		return err
	}
	if err := l.download(to, at, keep.Moments); err != nil {
		return err
	}
	l.finish(to, rows, keep.Finish)
	return nil
}

// finish lets others queue work on the outputs. Only the leg of an uncut plan is asked
// to: its outputs are the graph's.
func (l *leg) finish(on *lane, rows int, finishers []Finisher) {
	if len(finishers) == 0 {
		return
	}
	b := Behind{Plan: l.plan, Stream: l.stream, Rows: rows, Logits: on.outputs[0]}
	if len(on.outputs) > 1 && on.wanted[1] != nil {
		b.Features = on.outputs[1]
	}
	for _, f := range finishers {
		f.Queue(b)
	}
}

func (l *leg) download(from *lane, at [][]float32, moments bool) error {
	for i, edge := range l.part.out {
		if from.wanted[i] == nil {
			continue
		}
		if err := l.stream.Download(at[edge], from.outputs[i]); err != nil {
			return err
		}
	}
	if !moments {
		return nil
	}
	for i, b := range from.moments {
		if err := l.stream.Download(from.host[i], b); err != nil {
			return err
		}
	}
	return nil
}

// sync waits for the queue. When the context ends first, the device still reads
// and writes the caller's memory, so the wait goes on before the call returns.
func (l *leg) sync(ctx context.Context) error {
	err := l.stream.Sync(ctx)
	if err != nil && ctx.Err() != nil {
		return errors.Join(ctx.Err(), l.stream.Sync(context.WithoutCancel(ctx)))
	}
	return err
}

func (l *leg) close() error {
	if l.stream == nil {
		return nil
	}
	return errors.Join(l.stream.Close(), free(l.inputs), l.lane.free())
}
