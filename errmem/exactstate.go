package errmem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

const (
	exactTitle  = "errmem exact 1\n"
	exactHeader = 4*6 + 8
)

// slotBytes is the size of a slot in a state.
func (c *ExactConfig) slotBytes() int {
	floats := 1 + c.Dim
	if c.Bases {
		floats += c.Classes
	}
	return 4 + 8 + 8 + 4*floats
}

// Snapshot returns the rows by slot, so that ties are broken as before.
func (m *Exact) Snapshot() []byte {
	r, le := m.rows, binary.LittleEndian
	state := make([]byte, 0, len(exactTitle)+exactHeader+r.used*m.c.slotBytes()+4*len(r.free))
	state = append(state, exactTitle...)
	for _, v := range []int{m.c.Dim, m.c.Classes, m.c.Capacity, int(number(m.c.Bases)), r.used, len(r.free)} {
		state = le.AppendUint32(state, uint32(v))
	}
	state = le.AppendUint64(state, r.writes)
	key := make([]float32, m.c.Dim)
	for slot := range int32(r.used) {
		state = le.AppendUint32(state, uint32(r.label[slot]))
		state = le.AppendUint64(state, r.born[slot])
		state = le.AppendUint64(state, r.name[slot])
		state = appendFloats(state, r.weight[slot:slot+1])
		state = appendFloats(state, r.baseOf(slot))
		m.index.Key(int(slot), key)
		state = appendFloats(state, key)
	}
	for _, slot := range r.free {
		state = le.AppendUint32(state, uint32(slot))
	}
	return state
}

// Restore takes over a state of a memory with the same keys, classes, capacity and
// bases.
func (m *Exact) Restore(state []byte) error {
	r, keys, err := m.decode(state)
	if err != nil {
		return fmt.Errorf("restore error memory: %w", err)
	}
	for slot := range r.used {
		m.index.Set(slot, keys[slot*m.c.Dim:(slot+1)*m.c.Dim])
	}
	m.rows = r
	return nil
}

// decode reads a state into new rows and their keys [used Dim].
func (m *Exact) decode(state []byte) (*rows, []float32, error) {
	d, err := open(state, exactTitle, exactHeader)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(
		built("keys of width", uint64(m.c.Dim), uint64(d.uint32())),
		built("classes:", uint64(m.c.Classes), uint64(d.uint32())),
		built("a capacity of", uint64(m.c.Capacity), uint64(d.uint32())),
		built("bases (1: kept)", number(m.c.Bases), uint64(d.uint32())),
	); err != nil {
		return nil, nil, err
	}
	used, free, writes := int(d.uint32()), int(d.uint32()), d.uint64()
	if used > m.c.Capacity || free > used {
		return nil, nil, fmt.Errorf("%d slots, %d of them empty, in a memory of %d", used, free, m.c.Capacity)
	}
	if want := used*m.c.slotBytes() + 4*free; len(d.rest) != want {
		return nil, nil, fmt.Errorf("expected %d bytes of rows, got %d", want, len(d.rest))
	}
	r, keys := newRows(&m.c), make([]float32, used*m.c.Dim)
	r.grow(used)
	for slot := range int32(used) {
		r.decode(d, slot, keys[int(slot)*m.c.Dim:(int(slot)+1)*m.c.Dim])
	}
	for range free {
		r.free = append(r.free, int32(d.uint32()))
	}
	r.writes = writes
	if err := r.check(keys); err != nil {
		return nil, nil, err
	}
	r.enterAll()
	return r, keys, nil
}

func (r *rows) decode(d *decoder, slot int32, key []float32) {
	r.label[slot] = int32(d.uint32())
	r.born[slot], r.name[slot] = d.uint64(), d.uint64()
	d.floats(r.weight[slot : slot+1])
	d.floats(r.baseOf(slot))
	d.floats(key)
}

// check finds what no memory could have written.
func (r *rows) check(keys []float32) error {
	dim := len(keys) / max(r.used, 1)
	names, births := map[uint64]bool{}, map[uint64]bool{}
	for slot := range int32(r.used) {
		label, key := r.label[slot], keys[int(slot)*dim:(int(slot)+1)*dim]
		if label == -1 {
			if !math.IsNaN(float64(key[0])) {
				return fmt.Errorf("slot %d is empty, and its key could be found", slot)
			}
			continue
		}
		if label < 0 || int(label) >= r.classCount {
			return fmt.Errorf("slot %d: label %d is outside 0 to %d", slot, label, r.classCount-1)
		}
		if err := r.checkSlot(slot, key); err != nil {
			return fmt.Errorf("slot %d: %w", slot, err)
		}
		if names[r.name[slot]] || births[r.born[slot]] {
			return fmt.Errorf("slot %d: row %d or write %d is in another slot too", slot, r.name[slot], r.born[slot])
		}
		names[r.name[slot]], births[r.born[slot]] = true, true
	}
	return r.checkFree(r.used - len(names))
}

func (r *rows) checkSlot(slot int32, key []float32) error {
	sum := 0.0
	for _, v := range key {
		sum += float64(v) * float64(v)
	}
	switch w := float64(r.weight[slot]); {
	case !(math.Abs(sum-1) < 1e-3):
		return fmt.Errorf("key of squared length %v, not 1", sum)
	case !(w > 0) || math.IsInf(w, 0):
		return fmt.Errorf("weight %v is not above 0", w)
	case !finite(r.baseOf(slot)):
		return errors.New("base is not finite")
	case r.born[slot] < 1 || r.born[slot] > r.writes:
		return fmt.Errorf("write %d is outside 1 to %d", r.born[slot], r.writes)
	}
	return nil
}

// checkFree checks that the list of empty slots names each of them once.
func (r *rows) checkFree(empty int) error {
	listed := map[int32]bool{}
	for _, slot := range r.free {
		if slot < 0 || int(slot) >= r.used || r.label[slot] != -1 || listed[slot] {
			return fmt.Errorf("slot %d is listed as empty wrongly", slot)
		}
		listed[slot] = true
	}
	if len(listed) != empty {
		return fmt.Errorf("%d slots are empty, %d are listed as such", empty, len(listed))
	}
	return nil
}

// enterAll rebuilds the order, oldest row first.
func (r *rows) enterAll() {
	var filled []int32
	for slot := range int32(r.used) {
		if r.label[slot] >= 0 {
			filled = append(filled, slot)
		}
	}
	slices.SortFunc(filled, func(a, b int32) int {
		if r.born[a] < r.born[b] {
			return -1
		}
		return 1
	})
	for _, slot := range filled {
		r.enter(slot)
	}
}
