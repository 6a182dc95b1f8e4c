package errmem

import "slices"

// rows is what an Exact knows about its rows but for their keys: columns by slot,
// and the order in which rows were written.
type rows struct {
	classCount int
	bases      bool

	label  []int32 // -1 in an empty slot
	weight []float32
	born   []uint64 // the number of the write
	name   []uint64 // Entry.Row
	base   []float32
	slotOf map[uint64]int32 // by name

	order  chain // oldest first
	free   []int32
	used   int // slots that were ever filled
	live   int
	writes uint64
}

func newRows(c *ExactConfig) *rows {
	return &rows{classCount: c.Classes, bases: c.Bases, slotOf: map[uint64]int32{}, order: newChain()}
}

// baseOf is what was given for a slot's row; nil where bases are not kept.
func (r *rows) baseOf(slot int32) []float32 {
	if !r.bases {
		return nil
	}
	return r.base[int(slot)*r.classCount : (int(slot)+1)*r.classCount]
}

// add fills the slot that was emptied last, or else the first unused one.
func (r *rows) add(e *Entry) int32 {
	r.writes++
	slot := r.slot()
	r.label[slot], r.weight[slot] = int32(e.Label), e.Weight
	if e.Weight == 0 {
		r.weight[slot] = 1
	}
	r.born[slot], r.name[slot] = r.writes, e.Row
	copy(r.baseOf(slot), e.Base)
	r.enter(slot)
	return slot
}

// enter makes a filled slot part of the order, as the newest.
func (r *rows) enter(slot int32) {
	r.slotOf[r.name[slot]] = slot
	r.order.append(slot)
	r.live++
}

func (r *rows) slot() int32 {
	if n := len(r.free); n > 0 {
		slot := r.free[n-1]
		r.free = r.free[:n-1]
		return slot
	}
	r.grow(1)
	return int32(r.used - 1)
}

// grow adds n empty slots.
func (r *rows) grow(n int) {
	r.used += n
	r.label = append(r.label, slices.Repeat([]int32{-1}, n)...)
	r.weight = append(r.weight, make([]float32, n)...)
	r.born = append(r.born, make([]uint64, n)...)
	r.name = append(r.name, make([]uint64, n)...)
	if r.bases {
		r.base = append(r.base, make([]float32, n*r.classCount)...)
	}
	r.order.grow(n)
}

func (r *rows) remove(slot int32) {
	delete(r.slotOf, r.name[slot])
	r.order.remove(slot)
	r.live--
	r.label[slot] = -1
	r.free = append(r.free, slot)
}
