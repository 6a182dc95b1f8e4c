package models

import (
	"context"
	"errors"
	"slices"

	"ttad/accel"
)

// leg is one part of a plan for one session: a stream and memory on the part's device.
type leg struct {
	part    *part
	stream  accel.Stream
	inputs  []accel.Buffer
	outputs []accel.Buffer
	wanted  []accel.Buffer // of the running forward: nil for what was not asked for
	moments []accel.Buffer
	host    [][]float32 // of moments: means, then variances
}

// open makes the stream and allocates for the largest batch.
func (l *leg) open(p *Plan) (err error) {
	if l.stream, err = l.part.device.NewStream(); err != nil {
		return err
	}
	program := l.part.exec.Program()
	for _, list := range []struct {
		ids []accel.ValueID
		to  *[]accel.Buffer
	}{{program.Inputs, &l.inputs}, {program.Outputs, &l.outputs}} {
		for _, id := range list.ids {
			if err := l.buffer(list.to, program.Values[id].Shape.Elements(p.maxRows)); err != nil {
				return err
			}
		}
	}
	for i := range program.NormSteps {
		floats := 2 * program.NormChannels(i)
		if err := l.buffer(&l.moments, floats); err != nil {
			return err
		}
		l.host = append(l.host, make([]float32, floats))
	}
	return nil
}

func (l *leg) buffer(to *[]accel.Buffer, floats int) error {
	b, err := l.part.device.Alloc(floats)
	if err == nil {
		*to = append(*to, b)
	}
	return err
}

// forward takes what lies at the part's edges through it. An edge without memory is
// not wanted.
func (l *leg) forward(ctx context.Context, at [][]float32, rows int, rules []accel.NormRule, moments bool) error {
	err := l.enqueue(at, rows, rules, moments)
	return errors.Join(err, l.sync(ctx))
}

// enqueue queues uploads, the run and downloads.
func (l *leg) enqueue(at [][]float32, rows int, rules []accel.NormRule, moments bool) error {
	for i, edge := range l.part.in {
		if err := l.stream.Upload(l.inputs[i], at[edge]); err != nil {
			return err
		}
	}
	l.wanted = append(l.wanted[:0], l.outputs...)
	for i, edge := range l.part.out {
		if at[edge] == nil {
			l.wanted[i] = nil
		}
	}
	args := accel.Args{Inputs: l.inputs, Outputs: l.wanted}
	if len(rules) > 0 {
		args.Norms = rules[l.part.norms[0]:l.part.norms[1]]
	}
	if moments {
		args.Moments = l.moments
	}
	if err := l.stream.Run(l.part.exec, rows, args); err != nil {
		return err
	}
	return l.download(at, moments)
}

func (l *leg) download(at [][]float32, moments bool) error {
	for i, edge := range l.part.out {
		if l.wanted[i] == nil {
			continue
		}
		if err := l.stream.Download(at[edge], l.outputs[i]); err != nil {
			return err
		}
	}
	if !moments {
		return nil
	}
	for i, b := range l.moments {
		if err := l.stream.Download(l.host[i], b); err != nil {
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
	errs := []error{l.stream.Close()}
	for _, b := range slices.Concat(l.inputs, l.outputs, l.moments) {
		errs = append(errs, b.Free())
	}
	return errors.Join(errs...)
}
