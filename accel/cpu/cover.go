package cpu

import (
	"math"

	"ttad/accel/cpu/kernel"
)

// cover says with which tiles a run of pixels, or of the rows of a matrix, is
// computed at least cost.
type cover struct {
	kernels []kernel.Kernel // of one number of blocks, the one with most pixels first
	first   []uint8         // for so many pixels left, the kernel to go on with
}

// What a call costs, in halves of a cycle: two multiply-adds or two loads are
// begun in one cycle, and it takes twelve sums, measured, to keep two units busy.
// A call and its epilogue are worth about 24 cycles.
const (
	sumWait  = 12
	callCost = 48
)

// newCover prepares runs of tiles that many blocks wide and sums of depth products.
func newCover(f kernel.Family, blocks, depth int) cover {
	c := cover{kernels: f.Kernels(blocks)}
	// Beyond three of the largest, another one of it is always right.
	best := make([]int, 3*c.kernels[0].Pixels)
	c.first = make([]uint8, len(best))
	for n := 1; n < len(best); n++ {
		best[n] = math.MaxInt
		for i, k := range c.kernels {
			if k.Pixels > n {
				continue
			}
			if cost := best[n-k.Pixels] + tileCost(k, depth); cost < best[n] {
				best[n], c.first[n] = cost, uint8(i)
			}
		}
	}
	return c
}

// next returns the tile to compute when so many pixels are left.
func (c *cover) next(left int) *kernel.Kernel {
	if left >= len(c.first) {
		return &c.kernels[0]
	}
	return &c.kernels[c.first[left]]
}

// tileCost estimates a call for sums of depth products.
func tileCost(k kernel.Kernel, depth int) int {
	return callCost + depth*max(k.Pixels*k.Blocks, k.Pixels+k.Blocks, sumWait)
}

// cost estimates a run of n pixels.
func (c *cover) cost(n, depth int) int {
	cost := 0
	for n > 0 {
		k := c.next(n)
		cost += tileCost(*k, depth)
		n -= k.Pixels
	}
	return cost
}
