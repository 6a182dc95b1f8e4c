package kernel

import "fmt"

// Call is the work of a tile, or of several that lie evenly apart. All offsets and
// steps count float32 values. The assembly reads it by the layout that gen/call.go
// repeats. A Call handed to Run escapes to the heap; keep one for each worker and
// change its fields.
type Call struct {
	Input    []float32 // from the first pixel's place under a tap of offset 0
	Weights  []float32 // [tap][input channel][Blocks*Lanes]
	Output   []float32 // from the first pixel of the first block
	Residual []float32 // added to the sums; empty for none; may be Output
	Bias     []float32 // [Blocks*Lanes], added to every pixel; empty for none

	Taps []int // offsets into Input, at least one, none negative

	Depth                       int // input channels under each tap, at least one
	InputStep                   int // between pixels of Input
	OutputStep, OutputBlock     int // between pixels and between blocks of Output
	ResidualStep, ResidualBlock int // the same of Residual

	// A tile is short where sums are; what it costs to begin one is paid once for all.
	Repeat                   int // tiles, each these further than the one before; 0 for one
	InputNext, WeightsNext   int
	OutputNext, ResidualNext int

	Low, High  float32 // bounds of the result, where Clip is set
	Accumulate bool    // add what Output holds
	Clip       bool    // a sum that is not a number stays so
}

// check panics, as an index out of range does, where the kernel would touch what
// lies outside the call's slices.
func (k Kernel) check(c *Call) {
	c.checkSteps()
	if c.Depth < 1 {
		panic(fmt.Sprintf("kernel: depth %d; want at least one channel", c.Depth))
	}
	c.checkTaps((k.Pixels-1)*c.InputStep + c.Depth - 1)
	_ = c.Weights[c.further(c.WeightsNext)+len(c.Taps)*c.Depth*k.Blocks*k.Lanes-1]
	k.checkOutput(c)
}

func (c *Call) checkSteps() {
	if len(c.Taps) == 0 || min(c.InputStep, c.OutputStep, c.OutputBlock) < 0 {
		panic(fmt.Sprintf("kernel: %d taps, steps %d, %d and %d; want at least one tap, and no step below zero",
			len(c.Taps), c.InputStep, c.OutputStep, c.OutputBlock))
	}
	if min(c.Repeat, c.InputNext, c.WeightsNext, c.OutputNext, c.ResidualNext) < 0 {
		panic(fmt.Sprintf("kernel: %d tiles %d, %d, %d and %d apart; want none below zero",
			c.Repeat, c.InputNext, c.WeightsNext, c.OutputNext, c.ResidualNext))
	}
}

// further is how far the last tile lies behind the first one.
func (c *Call) further(next int) int { return max(c.Repeat-1, 0) * next }

// checkTaps is for kernels that read up to reach floats behind each tap.
func (c *Call) checkTaps(reach int) {
	reach += c.further(c.InputNext)
	for _, tap := range c.Taps {
		_, _ = c.Input[tap], c.Input[tap+reach]
	}
}

// checkOutput looks at what has the shape of the tile.
func (k Kernel) checkOutput(c *Call) {
	_ = c.Output[c.further(c.OutputNext)+k.last(c.OutputStep, c.OutputBlock)]
	if len(c.Bias) > 0 {
		_ = c.Bias[k.Blocks*k.Lanes-1]
	}
	if len(c.Residual) > 0 {
		k.checkResidual(c)
	}
}

func (k Kernel) checkResidual(c *Call) {
	if min(c.ResidualStep, c.ResidualBlock) < 0 {
		panic(fmt.Sprintf("kernel: residual steps %d and %d; want none below zero", c.ResidualStep, c.ResidualBlock))
	}
	_ = c.Residual[c.further(c.ResidualNext)+k.last(c.ResidualStep, c.ResidualBlock)]
}

// last is the offset of a tile's last value.
func (k Kernel) last(step, block int) int {
	return (k.Pixels-1)*step + (k.Blocks-1)*block + k.Lanes - 1
}
