package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// frame is what kernels see of a run: the rows at hand, where every value of
// theirs lies, and scratch. The batch has one (batch.go), and every worker has one
// for the chunk it computes (chunk.go); kernels need not know which they are given.
type frame struct {
	exec    *exec
	team    *team          // nil in a chunk's frame, whose tasks its worker does alone
	threads int            // how many may share a kernel's tasks
	scratch [][]float32    // for each of them, within one task
	calls   []kernel.Call  // likewise: what it tells the kernels
	tiles   []kernel.Tiles // and Winograd's transforms
	shared  []float32      // within one kernel
	sums    []float64      // what norms' moments leave for their mixes, of all chunks
	mixed   []float32      // what mixes leave

	plan  *plan
	rows  int
	chunk int              // which of the segment's it is; 0 for the batch
	data  [][]float32      // of each value
	norms []accel.NormRule // the rules of this run
	kept  [][]float32      // where each norm's batch moments go; nil where unwanted
}

// parallel shares out the tasks of a phase. The cost, in elementary
// operations, decides whether that is worth it.
func (f *frame) parallel(p phase, tasks, cost int) {
	if f.team != nil {
		f.team.run(p, f, tasks, cost)
		return
	}
	for i := range tasks {
		p.task(f, 0, i)
	}
}

// elements is Shape.Elements without a slice for the extents: it is called for
// every value of every run.
func elements(s accel.Shape, rows int) int {
	n := 1
	for _, d := range s {
		n *= d.At(rows)
	}
	return n
}
