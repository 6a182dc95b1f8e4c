package launch

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"ttad/accel"
)

// sizes is the memory of one stream's frame, in floats.
type sizes struct {
	slots                  []int
	moments, rules, faults int
	tables                 int
}

// sizesOf is what serves every plan: slot by slot the longest.
func sizesOf(plans []*plan) (s sizes) {
	for _, p := range plans {
		for i, n := range p.layout.floats {
			if i == len(s.slots) {
				s.slots = append(s.slots, 0)
			}
			s.slots[i] = max(s.slots[i], n)
		}
		s.tables, s.faults = max(s.tables, p.tables), max(s.faults, p.faults)
	}
	program := plans[0].program
	s.rules = ruleAt(program, len(program.NormSteps))
	for i := range program.NormSteps {
		s.moments += 2 * program.NormChannels(i)
	}
	return s
}

// bytes is all of it.
func (s *sizes) bytes() int64 {
	all := int64(bytesOf(s.moments) + bytesOf(s.rules) + bytesOf(s.faults) + bytesOf(s.tables))
	for _, n := range s.slots {
		all += int64(bytesOf(n))
	}
	return all
}

// weightBytes is what the constants of plans take, each once, and the largest of them.
func weightBytes(plans ...*plan) (all, largest int64) {
	for _, values := range constants(plans...) {
		n := int64(bytesOf(len(values)))
		all, largest = all+n, max(largest, n)
	}
	return all, largest
}

// fits refuses a plan that cannot have the memory it needs, if the device says how much
// it has.
func (e *exec) fits() error {
	if err := e.refusal(&e.size); err != nil {
		return e.tooLarge(err)
	}
	return nil
}

// refusal is what the device's own figures say against a frame of that size.
func (e *exec) refusal(s *sizes) error {
	weights, largest := weightBytes(e.plans...)
	if len(s.slots) > 0 {
		largest = max(largest, int64(bytesOf(s.slots[0])))
	}
	has, limit := e.device.info.Memory, e.device.limits.AllocBytes
	switch {
	case has > 0 && weights+s.bytes() > has-e.device.BytesInUse():
		return accel.ErrOutOfMemory
	case limit > 0 && largest > limit:
		return fmt.Errorf("%s in one piece where the device gives at most %s: %w", megabytes(largest), megabytes(limit), accel.ErrOutOfMemory)
	}
	return nil
}

// tooLarge says what a plan needs, what there is, and what to do.
func (e *exec) tooLarge(cause error) error {
	weights, _ := weightBytes(e.plans...)
	there := "does not say what it has"
	if e.device.info.Memory > 0 {
		there = "has " + megabytes(e.device.info.Memory)
	}
	advice := "try the cpu"
	if rows := e.largestBatch(); rows > 0 {
		advice = fmt.Sprintf("try batch.max_rows: %d, or the cpu", rows)
	}
	return fmt.Errorf("%d rows take %s of weights and %s of values, the device %s, %s in use by us; %s: %w",
		e.maxRows, megabytes(weights), megabytes(e.size.bytes()), there, megabytes(e.device.BytesInUse()), advice, cause)
}

// largestBatch is the most rows that there is memory for; 0 if not even for one.
func (e *exec) largestBatch() int {
	return sort.Search(e.maxRows-1, func(i int) bool { return !e.fitsAt(i + 1) })
}

// fitsAt reports whether batches of so many rows have room: by what the device says, and
// then by trying, for others may have memory of it as well.
func (e *exec) fitsAt(rows int) bool {
	plans := make([]*plan, len(e.plans))
	for i, p := range e.plans {
		smaller := *p
		if smaller.measure(e.device, rows) != nil {
			return false
		}
		plans[i] = &smaller
	}
	s := sizesOf(plans)
	return e.refusal(&s) == nil && e.tried(&s)
}

// tried takes the memory of weights and a frame, and gives it back.
func (e *exec) tried(s *sizes) bool {
	var taken []memory
	take := func(floats int) error {
		m, err := e.device.alloc(floats)
		if err == nil {
			taken = append(taken, m)
		}
		return err
	}
	pieces := append(slices.Clone(s.slots), s.moments, s.rules, s.faults, s.tables)
	for _, values := range constants(e.plans...) {
		pieces = append(pieces, len(values))
	}
	var err error
	for _, n := range pieces {
		if err == nil {
			err = take(n)
		}
	}
	return errors.Join(err, e.device.free(taken...)) == nil
}

// megabytes writes bytes as people read them: whole ones where there are many.
func megabytes(n int64) string {
	m := float64(n) / 1e6
	if m >= 100 {
		return fmt.Sprintf("%.0f MB", m)
	}
	return fmt.Sprintf("%.3g MB", m)
}
