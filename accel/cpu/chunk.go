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

// chunkPhase is a segment of the running batch, a task being a chunk.
type chunkPhase struct {
	batch *batch
	*segment

	failing sync.Mutex
	failed  int // the first chunk that failed
	failure error
}

// segment runs a segment: by chunks, or kernel by kernel where steps need all rows
// or where the chunks are too few for the workers.
func (b *batch) segment(s *segment) error {
	if s.rows == 0 || ceilDiv(b.rows, s.rows) < b.threads {
		b.spread(s)
		return b.frame.kernels(s)
	}
	p := &b.phase
	p.batch, p.segment, p.failure = b, s, nil
	b.parallel(p, ceilDiv(b.rows, s.rows), s.work*b.rows)
	return p.failure
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

// spread finds room for the values of all rows where workers else have those of
// their chunks. There are fewer chunks than workers.
func (b *batch) spread(s *segment) {
	for _, v := range s.slots {
		if v.at >= 0 {
			at, n := v.at*b.threads, v.each*b.rows
			b.data[v.id] = b.local[at : at+n : at+n]
		}
	}
}

// task runs chunk i.
func (p *chunkPhase) task(_ *frame, worker, i int) {
	b, f := p.batch, &p.batch.chunks[worker]
	low := i * p.rows
	f.rows, f.chunk = min(p.rows, b.rows-low), i
	local := b.local[worker*b.stride:]
	for _, v := range p.slots {
		n := v.each * f.rows
		switch {
		case v.at >= 0:
			f.data[v.id] = local[v.at : v.at+n : v.at+n]
		case v.each > 0:
			f.data[v.id] = b.data[v.id][low*v.each:][:n:n]
		default:
			f.data[v.id] = b.data[v.id]
		}
	}
	if err := f.kernels(p.segment); err != nil {
		p.fail(i, fmt.Errorf("rows %d to %d: %w", low, low+f.rows-1, err))
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
