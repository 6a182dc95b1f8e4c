package launch

import (
	"errors"
	"fmt"
	"math"
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
	seen := map[constant]bool{}
	for _, p := range plans {
		_ = p.constants(func(values []float32) error { // which fails if this does
			if key := constantOf(values); !seen[key] {
				seen[key] = true
				n := int64(bytesOf(len(values)))
				all, largest = all+n, max(largest, n)
			}
			return nil
		})
	}
	return all, largest
}

// fits refuses a plan that cannot have the memory it needs, if the device says how much
// it has.
func (e *exec) fits() error {
	has := e.device.info.Memory
	weights, largest := weightBytes(e.plans...)
	if has > 0 && weights+e.size.bytes() > has-e.device.BytesInUse() {
		return e.tooLarge(accel.ErrOutOfMemory, has-e.device.BytesInUse(), nil)
	}
	if len(e.size.slots) > 0 {
		largest = max(largest, int64(bytesOf(e.size.slots[0])))
	}
	if limit := e.device.limits.AllocBytes; limit > 0 && largest > limit {
		cause := fmt.Errorf("%s in one piece where the device gives at most %s: %w", megabytes(largest), megabytes(limit), accel.ErrOutOfMemory)
		return e.tooLarge(cause, max(has, math.MaxInt64/2), nil)
	}
	return nil
}

// tooLarge says what a plan needs, what there is, and what to do.
func (e *exec) tooLarge(cause error, has int64, also error) error {
	weights, _ := weightBytes(e.plans...)
	there := "not that much"
	if e.device.info.Memory > 0 {
		there = megabytes(e.device.info.Memory)
	}
	advice := "try the cpu"
	if rows := e.largestBatch(has - weights); rows > 0 {
		advice = fmt.Sprintf("try batch.max_rows: %d, or the cpu", rows)
	}
	return errors.Join(also, fmt.Errorf("%d rows take %s of weights and %s of values, the device has %s, %s of it in use; %s: %w",
		e.maxRows, megabytes(weights), megabytes(e.size.bytes()), there, megabytes(e.device.BytesInUse()), advice, cause))
}

// largestBatch is how many rows' values fit into so many bytes; 0 if not even one's.
func (e *exec) largestBatch(bytes int64) int {
	return sort.Search(e.maxRows-1, func(i int) bool { return !e.fitsAt(i+1, bytes) })
}

func (e *exec) fitsAt(rows int, bytes int64) bool {
	var plans []*plan
	for _, p := range e.plans {
		smaller := *p
		if smaller.measure(e.device, rows) != nil {
			return false
		}
		plans = append(plans, &smaller)
	}
	s, limit := sizesOf(plans), e.device.limits.AllocBytes
	longest := len(s.slots) > 0 && limit > 0 && int64(bytesOf(s.slots[0])) > limit
	return !longest && s.bytes() <= bytes
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
