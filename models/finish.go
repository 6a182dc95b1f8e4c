package models

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// Finisher has more done with the outputs of a forward while they are on the device.
// Forwards call it for every batch that asks for it (see Keep), on whatever device
// they run; what cannot be done there is left to the host.
type Finisher interface {
	// Queue queues work on the stream of a forward, behind it. Its failure is not the
	// forward's.
	Queue(b Behind)
	// End is called when everything queued has come home, or with the forward's error.
	End(err error)
}

// Behind is what a forward has left on its device.
type Behind struct {
	Plan     *Plan
	Stream   accel.Stream
	Rows     int
	Logits   accel.Buffer // [Rows Classes]
	Features accel.Buffer // [Rows FeatureWidth]; nil unless kept
}

// errCut is why nothing is done behind a forward on several devices.
var errCut = errors.New("the plan is cut: its outputs are on no single device")

// Finish is a program behind a plan: its first input is the forward's logits, its
// second, if it has use for them, the features, and the rest is given for each batch.
// It is a Finisher with one owner.
type Finish struct {
	plan     *Plan
	exec     accel.Exec
	features bool
	given    []accel.Buffer
	out      []accel.Buffer
	inputs   []accel.Buffer // scratch of Queue
	values   [][]float32    // of the given inputs
	results  []*accel.Tensor
	queued   error // nil where the batch at work was queued
	failed   error // of the last batch, or that there was none
}

// errNone is the state before the first batch.
var errNone = errors.New("no batch was run")

// NewFinish compiles a program for the device of the plan and batches of up to maxRows
// rows, or the plan's where that are fewer. It fails with accel.ErrUnsupported where the
// device cannot run it.
func (p *Plan) NewFinish(program *accel.Program, features bool, maxRows int) (*Finish, error) {
	maxRows = min(maxRows, p.maxRows)
	if len(p.parts) != 1 {
		return nil, fmt.Errorf("program behind %s: %w: %w", p.graph.Name, accel.ErrUnsupported, errCut)
	}
	device := p.parts[0].device
	for i := range program.Steps {
		if err := device.Supports(program, i); err != nil {
			return nil, fmt.Errorf("program behind %s: %s: %w", p.graph.Name, device.Info().Kind, err)
		}
	}
	exec, err := device.Compile(program, maxRows)
	if err != nil {
		return nil, fmt.Errorf("program behind %s: %w", p.graph.Name, err)
	}
	f := &Finish{plan: p, exec: exec, features: features, failed: errNone, queued: errNone}
	if err := f.alloc(device); err != nil {
		return nil, errors.Join(fmt.Errorf("program behind %s: %w", p.graph.Name, err), f.Close())
	}
	return f, nil
}

// alloc takes memory for the largest batch.
func (f *Finish) alloc(d accel.Device) error {
	program := f.exec.Program()
	for _, list := range []struct {
		ids []accel.ValueID
		to  *[]accel.Buffer
	}{{program.Inputs[f.own():], &f.given}, {program.Outputs, &f.out}} {
		for _, id := range list.ids {
			b, err := d.Alloc(program.Values[id].Shape.Elements(f.exec.MaxRows()))
			if err != nil {
				return err
			}
			*list.to = append(*list.to, b)
		}
	}
	f.results = make([]*accel.Tensor, len(f.out))
	return nil
}

// own is how many inputs are the forward's outputs.
func (f *Finish) own() int {
	if f.features {
		return 2
	}
	return 1
}

// Give sets the other inputs of the next batch, in the order of the program. They are
// read when the forward runs.
func (f *Finish) Give(values ...[]float32) { f.values = append(f.values[:0], values...) }

// Queue uploads what is given, runs the program and queues the way home.
func (f *Finish) Queue(b Behind) {
	f.queued = f.queue(b)
	f.failed = f.queued
}

func (f *Finish) queue(b Behind) error {
	switch {
	case b.Plan != f.plan:
		return errors.New("the forward runs elsewhere")
	case f.features && b.Features == nil:
		return errors.New("the forward keeps no features")
	case len(f.values) != len(f.given):
		return fmt.Errorf("%d inputs are given, the program takes %d", len(f.values), len(f.given))
	}
	f.inputs = append(f.inputs[:0], b.Logits)
	if f.features {
		f.inputs = append(f.inputs, b.Features)
	}
	for i, v := range f.values {
		if err := b.Stream.Upload(f.given[i], v); err != nil {
			return err
		}
	}
	f.inputs = append(f.inputs, f.given...)
	if err := b.Stream.Run(f.exec, b.Rows, accel.Args{Inputs: f.inputs, Outputs: f.out}); err != nil {
		return err
	}
	for i, id := range f.exec.Program().Outputs {
		shape := f.exec.Program().Values[id].Shape
		f.results[i] = resized(f.results[i], b.Rows, elements(shape, b.Rows)/b.Rows)
		if err := b.Stream.Download(f.results[i].Data, f.out[i]); err != nil {
			return err
		}
	}
	return nil
}

// End notes whether the results are there.
func (f *Finish) End(err error) {
	f.failed = errors.Join(f.queued, err)
	f.queued = errNone
}

// Results are the outputs of the last batch, [rows ...], good until the next, or why
// there are none.
func (f *Finish) Results() ([]*accel.Tensor, error) {
	if f.failed != nil {
		return nil, f.failed
	}
	return f.results, nil
}

// Forget drops the last batch's results.
func (f *Finish) Forget() { f.failed = errNone }

// Close frees the device's memory. The plan may be closed already.
func (f *Finish) Close() error {
	errs := []error{f.exec.Close()}
	for _, b := range slices.Concat(f.given, f.out) {
		errs = append(errs, b.Free())
	}
	return errors.Join(errs...)
}
