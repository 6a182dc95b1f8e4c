package reloop

import (
	"ttad/accel"
	"ttad/errmem"
	"ttad/models"
)

// search finds neighbours on the device, behind a forward, while the features are
// there. The zero search leaves that to Correct.
type search struct {
	index     accel.Seeker
	memory    *errmem.Exact
	width     int // of features
	neighbors int

	slots        []int32 // [rows neighbors]
	similarities []float32
	rows         int
	queued, done bool
}

// Queue searches for the rows of a forward, if it runs where the keys are.
func (s *Strategy) Queue(b models.Behind) { s.search.queue(b) }

// End tells that what was found has come home, or not.
func (s *Strategy) End(err error) { s.search.done = s.search.queued && err == nil }

func (x *search) queue(b models.Behind) {
	x.queued, x.done = false, false
	if x.index == nil || b.Features == nil || x.memory.Len() == 0 {
		return
	}
	n := b.Rows * x.neighbors
	if cap(x.slots) < n {
		x.slots, x.similarities = make([]int32, n), make([]float32, n)
	}
	x.rows, x.slots, x.similarities = b.Rows, x.slots[:n], x.similarities[:n]
	err := x.index.Seek(b.Stream, b.Features, b.Rows, x.width, x.neighbors, x.memory.Used(), x.slots, x.similarities)
	x.queued = err == nil
}

// cancel forgets what was found: the memory is about to change.
func (x *search) cancel() { x.queued, x.done = false, false }

// read reads the memory by what was found, once.
func (x *search) read(rows int, out *errmem.Reading) bool {
	if !x.done || x.rows != rows {
		return false
	}
	x.done = false
	x.memory.ReadFound(x.slots, x.similarities, rows, out)
	return true
}
