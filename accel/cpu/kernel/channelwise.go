package kernel

import (
	"fmt"
	"slices"
)

// Channelwise is a tile that keeps channels apart: Pixels of one block of Lanes
// channels. Its calls have no Depth, for a tap shows it the whole block, and one
// OutputBlock, which does not matter.
//
// Kernels for depthwise convolutions add up taps times weights, which lie
// [tap][Lanes]:
//
//	sum[p][lane] += Input[tap + p*InputStep + lane] * Weights[tap][lane]
//
// Kernels for pooling keep the largest value any tap shows, a NaN above all, and
// need no weights. Both then do what the call says about bias, residual and
// bounds.
type Channelwise struct {
	Pixels, Lanes int

	weighted bool
	run      func(*Call)
}

// Depthwise returns the shapes of kernels for depthwise convolutions, the one with
// most pixels first; the last one has a single pixel.
func (f Family) Depthwise() []Channelwise { return slices.Clone(f.depthwise) }

// MaxPool returns the shapes of kernels for pooling, in the same order.
func (f Family) MaxPool() []Channelwise { return slices.Clone(f.maxPool) }

// Run computes the tiles of a call into c.Output, one after the other. It allocates
// nothing, and panics where c reaches outside its slices.
func (k Channelwise) Run(c *Call) {
	k.check(c)
	k.run(c)
}

// Sweep computes a row of pixels, of which the call gives the first, by the kernels
// that Depthwise or MaxPool returned; of rows that the call repeats, all. It moves the call's Input, Output and
// Residual to the last tile. It allocates nothing, and panics where the row
// reaches outside the call's slices.
func Sweep(kernels []Channelwise, c *Call, pixels int) {
	all := kernels[0]
	all.Pixels = pixels
	all.check(c)
	for {
		for kernels[0].Pixels > pixels {
			kernels = kernels[1:] // the last one has a single pixel
		}
		n := kernels[0].Pixels
		kernels[0].run(c)
		if pixels -= n; pixels == 0 {
			return
		}
		c.Input, c.Output = c.Input[n*c.InputStep:], c.Output[n*c.OutputStep:]
		if len(c.Residual) > 0 {
			c.Residual = c.Residual[n*c.ResidualStep:]
		}
	}
}

// check is Kernel.check where a tap shows a block.
func (k Channelwise) check(c *Call) {
	if k.Pixels < 1 {
		panic(fmt.Sprintf("kernel: a row of %d pixels; want at least one", k.Pixels))
	}
	c.checkSteps()
	c.checkTaps((k.Pixels-1)*c.InputStep + k.Lanes - 1)
	if k.weighted {
		_ = c.Weights[c.further(c.WeightsNext)+len(c.Taps)*k.Lanes-1]
	}
	k.tile().checkOutput(c)
}

// tile is the shape of the output.
func (k Channelwise) tile() Kernel { return Kernel{Pixels: k.Pixels, Blocks: 1, Lanes: k.Lanes} }
