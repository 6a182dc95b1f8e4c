package ptx

import (
	"slices"
	"sync/atomic"
)

// counter is how many threads did a basic block.
type counter struct{ atomic.Uint64 }

// cover adds what a worker did.
func (k *Kernel) cover(counts []uint64) {
	for i, n := range counts {
		k.counts[i].Add(n)
	}
}

// Executed is how many instructions threads did since the module was loaded.
func (k *Kernel) Executed() (n uint64) {
	for i := range k.code {
		n += k.counts[i].Load() * uint64(len(k.code[i].lines()))
	}
	return n
}

// Instructions is how many the kernel has.
func (k *Kernel) Instructions() (n int) {
	for i := range k.code {
		n += len(k.code[i].lines())
	}
	return n
}

// Uncovered are the lines of the kernel's instructions that no thread did since the
// module was loaded.
func (k *Kernel) Uncovered() (lines []int) {
	for i := range k.code {
		if k.counts[i].Load() == 0 {
			lines = append(lines, k.code[i].lines()...)
		}
	}
	slices.Sort(lines)
	return lines
}

// lines are where the instructions of a basic block are.
func (b *basic) lines() (all []int) {
	for _, o := range b.ops {
		all = append(all, o.line)
	}
	if b.exit != falls {
		all = append(all, b.line)
	}
	return all
}
