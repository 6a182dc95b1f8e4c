package cpu

import (
	"fmt"
	"sync"

	"ttad/accel"
)

// A segment runs chunk by chunk: a worker takes the chunk's rows from the
// segment's first kernel to its last, so that what one kernel leaves is still in
// cache when the next one reads it.

// slot is where a chunk finds one value.
type slot struct {
	id accel.ValueID
	// each is how many floats belong to a row of the batch; 0 for a value that is
	// the same for all rows.
	each int
	at   int // offset in the worker's own memory; -1 for a part of the batch's value
}

// chunkPhase is a segment of the running batch, a task being a chunk of its first
// rows.
type chunkPhase struct {
	batch   *batch
	segment *segment
	rows    int

	failing sync.Mutex
	failed  int // the first chunk that failed
	failure error
}

// segment runs a segment: kernel by kernel where steps need all rows, else chunk by
// chunk as long as there is one for every worker. The workers share out the kernels
// of the rows that are left, unless there are so many that few would be idle.
func (b *batch) segment(s *segment) error {
	if s.rows == 0 {
		return b.frame.kernels(s)
	}
	round := b.threads * s.rows
	rows := b.rows / round * round
	if 4*(b.rows-rows) >= 3*round {
		rows = b.rows
	}
	p := &b.phase
	p.batch, p.segment, p.rows, p.failure = b, s, rows, nil
	b.parallel(p, ceilDiv(rows, s.rows), s.work*rows)
	if p.failure != nil || rows == b.rows {
		return p.failure
	}
	return b.chunk(&b.rest, s, rows, b.rows-rows, b.local, b.threads)
}

// chunk runs a segment for some rows, whose values have room for as many times their
// size as stretch says.
func (b *batch) chunk(f *frame, s *segment, first, rows int, local []float32, stretch int) error {
	f.rows, f.chunk = rows, first/s.rows
	for _, v := range s.slots {
		n, at := v.each*rows, v.at*stretch
		switch {
		case at >= 0:
			f.data[v.id] = local[at : at+n : at+n]
		case v.each > 0:
			f.data[v.id] = b.data[v.id][first*v.each:][:n:n]
		default:
			f.data[v.id] = b.data[v.id]
		}
	}
	if err := f.kernels(s); err != nil {
		return fmt.Errorf("rows %d to %d: %w", first, first+rows-1, err)
	}
	return nil
}

// kernels runs a segment's kernels on the rows of a frame.
func (f *frame) kernels(s *segment) error {
	for i := s.first; i < s.end; i++ {
		k := &f.plan.kernels[i]
		if err := k.run(f); err != nil {
			return fmt.Errorf("node %q: %w", k.name, err)
		}
	}
	return nil
}

// task runs chunk i.
func (p *chunkPhase) task(_ *frame, worker, i int) {
	b, first := p.batch, i*p.segment.rows
	rows := min(p.segment.rows, p.rows-first)
	if err := b.chunk(&b.chunks[worker], p.segment, first, rows, b.local[worker*b.stride:], 1); err != nil {
		p.fail(i, err)
	}
}

// fail keeps the error of the first chunk, whichever worker comes first.
func (p *chunkPhase) fail(chunk int, err error) {
	p.failing.Lock()
	defer p.failing.Unlock()
	if p.failure == nil || chunk < p.failed {
		p.failed, p.failure = chunk, err
	}
}
