package models

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// run is a stretch of a program's steps, [from, to), that one device takes.
type run struct {
	device   accel.Device
	from, to int
	why      []string // what devices asked before say against it
}

// cut gives every step to the first device that supports it, and makes runs of
// neighbours. A step that only renames a value stays with the one before it where it
// can: alone it would cost two cuts.
func cut(p *accel.Program, devices []accel.Device) ([]run, error) {
	var runs []run
	var refused []error
	for i := range p.Steps {
		d, why := owner(p, i, devices)
		if d == nil {
			refused = append(refused, why...)
			continue
		}
		last := len(runs) - 1
		if _, renames := p.Steps[i].Op.(accel.Reshape); renames && last >= 0 && runs[last].device.Supports(p, i) == nil {
			d, why = runs[last].device, nil
		}
		if last < 0 || runs[last].device != d {
			runs = append(runs, run{device: d, from: i})
			last++
		}
		runs[last].to = i + 1
		runs[last].add(why)
	}
	if len(refused) > 0 {
		return nil, refusal(refused)
	}
	if len(runs) == 0 {
		return nil, accel.ErrNoDevice
	}
	return runs, nil
}

// owner is the first device that supports a step, and what those before it say.
func owner(p *accel.Program, step int, devices []accel.Device) (accel.Device, []error) {
	var why []error
	for _, d := range devices {
		err := d.Supports(p, step)
		if err == nil {
			return d, why
		}
		why = append(why, fmt.Errorf("%s: %w", d.Info().Kind, err))
	}
	if len(devices) == 0 {
		why = append(why, accel.ErrNoDevice)
	}
	return nil, why
}

func (r *run) add(why []error) {
	for _, err := range why {
		if text := err.Error(); !slices.Contains(r.why, text) {
			r.why = append(r.why, text)
		}
	}
}

// refusal tells of steps nobody takes: all that is missing, not only the first.
func refusal(reasons []error) error {
	const most = 5
	reasons = slices.CompactFunc(reasons, func(a, b error) bool { return a.Error() == b.Error() })
	more := ""
	if n := len(reasons); n > most {
		reasons, more = reasons[:most], fmt.Sprintf("; and %d more", n-most)
	}
	if len(reasons) == 1 && errors.Is(reasons[0], accel.ErrNoDevice) {
		return accel.ErrNoDevice
	}
	err := accel.ErrNoDevice
	for _, r := range reasons {
		err = fmt.Errorf("%w; %w", err, r)
	}
	return fmt.Errorf("%w%s", err, more)
}

// extract makes the steps of a run a program of its own, with its own values and
// nothing else. in and out are its inputs and outputs by their ids in p.
func extract(p *accel.Program, from, to int) (part *accel.Program, in, out []accel.ValueID) {
	if from == 0 && to == len(p.Steps) {
		return p, p.Inputs, p.Outputs
	}
	x := extraction{p: p, part: &accel.Program{}, as: slices.Repeat([]accel.ValueID{accel.NoValue}, len(p.Values))}
	for _, s := range p.Steps[from:to] {
		x.step(s)
	}
	later := usedFrom(p, to)
	for _, s := range p.Steps[from:to] {
		for _, id := range s.Out {
			if later[id] {
				x.part.Outputs = append(x.part.Outputs, x.as[id])
				out = append(out, id)
			}
		}
	}
	return x.part, x.in, out
}

// extraction copies steps and the values they name.
type extraction struct {
	p    *accel.Program
	part *accel.Program
	as   []accel.ValueID // a value's id in part, by its id in p
	in   []accel.ValueID
}

func (x *extraction) step(s accel.Step) {
	if _, ok := s.Op.(accel.Norm); ok {
		x.part.NormSteps = append(x.part.NormSteps, len(x.part.Steps))
	}
	s.In, s.Out = slices.Clone(s.In), slices.Clone(s.Out)
	for k, id := range s.In {
		if id == accel.NoValue {
			continue
		}
		if x.as[id] == accel.NoValue && x.p.Values[id].Const == nil {
			x.in = append(x.in, id)
			x.part.Inputs = append(x.part.Inputs, x.value(id))
		}
		s.In[k] = x.value(id)
	}
	for k, id := range s.Out {
		s.Out[k] = x.value(id)
	}
	x.part.Steps = append(x.part.Steps, s)
}

// value returns a value's id in the part, which it enters at its first mention.
func (x *extraction) value(id accel.ValueID) accel.ValueID {
	if x.as[id] == accel.NoValue {
		x.as[id] = accel.ValueID(len(x.part.Values))
		x.part.Values = append(x.part.Values, x.p.Values[id])
	}
	return x.as[id]
}

// usedFrom marks the values that steps from one on read, or that are outputs.
func usedFrom(p *accel.Program, step int) []bool {
	used := make([]bool, len(p.Values))
	for _, id := range p.Outputs {
		used[id] = true
	}
	for _, s := range p.Steps[step:] {
		for _, id := range s.In {
			if id != accel.NoValue {
				used[id] = true
			}
		}
	}
	return used
}
