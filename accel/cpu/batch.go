package cpu

import (
	"fmt"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// batch is a stream's scratch for one exec: memory for every computed value, the
// frame of the whole batch, and those of its chunks. Between runs only the memory
// matters; nothing computed is carried over.
type batch struct {
	frame
	arena  []float32 // values that outlive their segment
	local  []float32 // the others: a stretch for each worker
	stride int       // the length of a stretch
	chunks []frame   // one for each worker
	rest   frame     // of the rows that are too few for a chunk each
	phase  chunkPhase

	given []bool           // roots that lie in a buffer of the caller
	moved []accel.ValueID  // outputs that must be copied to their buffer
	to    [][]float32      // where each moved output goes
	none  []accel.NormRule // one source rule a norm
}

func newBatch(e *exec) *batch {
	size, values := sizes{}, 0
	for _, p := range e.plans() {
		size, values = size.max(p.size), max(values, len(p.program.Values))
	}
	threads, norms := e.device.threads, len(e.program.NormSteps)
	b := &batch{
		arena: make([]float32, size.arena), local: make([]float32, size.local*threads), stride: size.local,
		given: make([]bool, values), none: make([]accel.NormRule, norms),
	}
	b.frame = frame{
		exec: e, team: e.device.team, threads: threads, calls: make([]kernel.Call, threads), tiles: make([]kernel.Tiles, threads),
		shared: make([]float32, max(size.shared, size.part*threads)), sums: make([]float64, size.sums), mixed: make([]float32, size.mixed),
		data: make([][]float32, values), kept: make([][]float32, norms),
	}
	b.rest = b.frame
	b.rest.data = make([][]float32, values)
	for i := range threads {
		b.scratch = append(b.scratch, make([]float32, size.worker))
		b.chunks = append(b.chunks, frame{
			exec: e, threads: 1, scratch: b.scratch[i : i+1], calls: b.calls[i : i+1], tiles: b.tiles[i : i+1],
			shared: b.shared[i*size.part : (i+1)*size.part],
			data:   make([][]float32, values), kept: b.kept, sums: b.sums, mixed: b.mixed,
		})
	}
	b.rest.scratch = b.scratch
	return b
}

// run computes one batch.
func (b *batch) run(s *stream, rows int, a accel.Args) error {
	b.rows, b.plan = rows, b.exec.planFor(a)
	if err := b.bind(s, a); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	for i := range b.plan.segments {
		if err := b.segment(&b.plan.segments[i]); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for i, id := range b.moved {
		copy(b.to[i], b.data[id])
	}
	return nil
}
