package launch

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// maxBound is how many row counts a stream keeps its launches for: full batches, and
// the few odd ones that a stream of messages brings.
const maxBound = 32

// frame is a stream's memory for one exec. Nothing computed is carried over from one
// run to the next.
type frame struct {
	exec    *exec
	stream  *stream
	slots   []memory // for the layouts of all plans
	moments []memory // of each norm
	rules   memory
	faults  memory
	sent    []float32 // the rules that are on the device; empty before the first run
	encoded []float32
	bound   []*bound // the last used first
	at      place    // of the last run
}

// newFrame takes the memory of a frame, all of it or none.
func newFrame(e *exec) (*frame, error) {
	f := &frame{exec: e}
	if err := f.take(); err != nil {
		return nil, errors.Join(err, f.free())
	}
	return f, nil
}

func (f *frame) take() error {
	p, size := f.exec.program, &f.exec.size
	for _, n := range size.slots {
		if err := f.add(&f.slots, n); err != nil {
			return err
		}
	}
	for i := range p.NormSteps {
		if err := f.add(&f.moments, 2*p.NormChannels(i)); err != nil {
			return err
		}
	}
	var others []memory
	for _, n := range []int{size.rules, size.faults} {
		if err := f.add(&others, n); err != nil {
			return errors.Join(err, f.exec.device.free(others...))
		}
	}
	f.rules, f.faults = others[0], others[1]
	f.encoded = make([]float32, size.rules)
	return nil
}

func (f *frame) add(to *[]memory, floats int) error {
	m, err := f.exec.device.alloc(floats)
	if err == nil {
		*to = append(*to, m)
	}
	return err
}

// free gives everything back; no queue uses it any more.
func (f *frame) free() error {
	all := slices.Concat(f.slots, f.moments)
	if f.encoded != nil {
		all = append(all, f.rules, f.faults)
	}
	for _, b := range f.bound {
		all = append(all, b.own...)
	}
	f.slots, f.moments, f.encoded, f.bound = nil, nil, nil, nil
	return f.exec.device.free(all...)
}

// run queues one batch.
func (f *frame) run(rows int, a *accel.Args) error {
	b, err := f.boundFor(f.exec.planFor(a), rows)
	if err != nil {
		return err
	}
	if err := f.assign(b, a); err != nil {
		return err
	}
	err = f.queue(b, a)
	b.at = f.stream.queue.here()
	f.at = b.at
	for _, list := range [...][]accel.Buffer{a.Inputs, a.Outputs, a.Moments} {
		for _, given := range list {
			if given != nil {
				given.(*buffer).uses.add(f.stream)
			}
		}
	}
	return err
}

// queue queues what a run consists of.
func (f *frame) queue(b *bound, a *accel.Args) error {
	if err := f.sendRules(a.Norms); err != nil {
		return fmt.Errorf("norm rules: %w", err)
	}
	if err := f.clearFaults(b); err != nil {
		return err
	}
	for i := range b.calls {
		c := &b.calls[i]
		if err := f.stream.launch(&c.call); err != nil {
			return fmt.Errorf("%s: kernel %s: %w", b.plan.describe(c.node), c.kernel.Name, err)
		}
	}
	for _, i := range b.moved {
		if err := f.stream.launch(&b.copies[i]); err != nil {
			return fmt.Errorf("copy an output: %w", err)
		}
	}
	if n := len(b.faults); n > 0 {
		return f.stream.read(f.faults.at, transfer{n: n, check: b.check})
	}
	return nil
}

// sendRules uploads rules unless the device has them from the last run.
func (f *frame) sendRules(rules []accel.NormRule) error {
	encodeRules(f.exec.program, rules, f.encoded)
	if len(f.sent) > 0 && slices.Equal(f.sent, f.encoded) {
		return nil
	}
	if err := f.stream.write(f.rules.at, f.encoded); err != nil {
		f.sent = nil
		return err
	}
	f.sent = append(f.sent[:0], f.encoded...)
	return nil
}

// clearFaults zeroes the words in which kernels say that a run is wrong.
func (f *frame) clearFaults(b *bound) error {
	if len(b.faults) == 0 {
		return nil
	}
	return f.stream.launch(&b.clear)
}

// boundFor returns a plan's launches for so many rows, made when they are first met.
func (f *frame) boundFor(p *plan, rows int) (*bound, error) {
	at := slices.IndexFunc(f.bound, func(b *bound) bool { return b.plan == p && b.rows == rows })
	if at >= 0 {
		b := f.bound[at]
		copy(f.bound[1:at+1], f.bound[:at])
		f.bound[0] = b
		return b, nil
	}
	if len(f.bound) == maxBound {
		if err := f.evict(); err != nil {
			return nil, err
		}
	}
	b, err := f.bind(p, rows)
	if err != nil {
		return nil, err
	}
	f.bound = slices.Insert(f.bound, 0, b)
	b.at = f.stream.queue.here() // tables are on their way
	f.at = b.at
	return b, nil
}

// forget lets go of all that was sent for runs. Nothing is queued that uses it.
func (f *frame) forget() error {
	f.sent = nil
	var own []memory
	for _, b := range f.bound {
		own = append(own, b.own...)
	}
	f.bound = nil
	return f.exec.device.free(own...)
}
