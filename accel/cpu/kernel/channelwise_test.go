package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachChannelwise runs a test for every kernel that keeps channels apart.
func eachChannelwise(t *testing.T, test func(t *testing.T, k Channelwise)) {
	for _, f := range families() {
		for _, k := range f.depthwise {
			t.Run(fmt.Sprintf("%s/depthwise/%d", f.Name, k.Pixels), func(t *testing.T) { test(t, k) })
		}
		for _, k := range f.maxPool {
			t.Run(fmt.Sprintf("%s/pool/%d", f.Name, k.Pixels), func(t *testing.T) { test(t, k) })
		}
	}
}

// bothOf returns the output of the kernel and of its plain loop, guards and all.
func (f *fixture) bothOf(k Channelwise) (got, want []float32) {
	f.seed(k.tile())
	k.Run(&f.Call)
	got = slices.Clone(f.output)
	f.seed(k.tile())
	f.eachTile(func(c *Call) {
		if k.weighted {
			plainDepthwise(k.Pixels, k.Lanes, c)
		} else {
			plainMaxPool(k.Pixels, k.Lanes, c)
		}
	})
	return got, slices.Clone(f.output)
}

// channelwiseFixture is a call whose taps show whole blocks.
func channelwiseFixture(k Channelwise, taps, step int, rng *rand.Rand) *fixture {
	return repeatedFixture(k, taps, step, 0, rng)
}

// repeatedFixture is a call of so many tiles.
func repeatedFixture(k Channelwise, taps, step, repeat int, rng *rand.Rand) *fixture {
	f := newFixture(k.tile(), geometry{taps: taps, depth: k.Lanes, step: step, repeat: repeat}, rng, true)
	f.Depth = 0
	f.Weights = f.Weights[:f.further(f.WeightsNext)+taps*k.Lanes]
	return f
}

func TestChannelwiseKernelsDoWhatTheirPlainLoopsDo(t *testing.T) {
	eachChannelwise(t, func(t *testing.T, k Channelwise) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, taps := range []int{1, 2, 9, 25} {
			for _, step := range []int{0, k.Lanes, 2 * k.Lanes} {
				for bits := range 32 {
					f := channelwiseFixture(k, taps, step, rng)
					f.epilogue(bits)
					got, want := f.bothOf(k)
					require.Equal(t, want, got, "%d taps, step %d, epilogue %05b", taps, step, bits)
				}
			}
		}
	})
}

func TestAChannelwiseCallOfSeveralTilesIsACallForEach(t *testing.T) {
	eachChannelwise(t, func(t *testing.T, k Channelwise) {
		rng := rand.New(rand.NewPCG(15, 16))
		for _, repeat := range []int{0, 1, 2, 5} {
			for bits := range 32 {
				f := repeatedFixture(k, 2, k.Lanes, repeat, rng)
				f.epilogue(bits)
				got, want := f.bothOf(k)
				require.Equal(t, want, got, "%d tiles, epilogue %05b", repeat, bits)
			}
		}
	})
}

func TestPoolingKeepsWhatIsNotANumberWhereverItStands(t *testing.T) {
	eachChannelwise(t, func(t *testing.T, k Channelwise) {
		for nan := range 3 {
			f := channelwiseFixture(k, 3, k.Lanes, rand.New(rand.NewPCG(3, 4)))
			f.epilogue(0)
			f.Taps = []int{0, k.Lanes * k.Pixels, 2 * k.Lanes * k.Pixels}
			f.Input = make([]float32, 3*k.Pixels*k.Lanes)
			f.Input[f.Taps[nan]] = float32(math.NaN())
			k.Run(&f.Call)
			require.True(t, math.IsNaN(float64(f.Output[0])), "NaN under tap %d gave %v", nan, f.Output[0])
			require.Zero(t, f.Output[1], "the lane beside it")
		}
	})
}

func TestPoolingOfMinusInfinityIsMinusInfinity(t *testing.T) {
	for _, family := range families() {
		for _, k := range family.maxPool {
			f := channelwiseFixture(k, 2, k.Lanes, rand.New(rand.NewPCG(5, 6)))
			f.epilogue(0)
			for i := range f.Input {
				f.Input[i] = float32(math.Inf(-1))
			}
			k.Run(&f.Call)
			require.True(t, math.IsInf(float64(f.Output[0]), -1), "%s, %d pixels: %v", family.Name, k.Pixels, f.Output[0])
		}
	}
}

func TestChannelwiseKernelsRefuseToLeaveTheirSlices(t *testing.T) {
	shorten := func(s []float32) []float32 { return s[:len(s)-1] }
	for name, harm := range map[string]func(c *Call){
		"input too short":      func(c *Call) { c.Input = shorten(c.Input) },
		"output too short":     func(c *Call) { c.Output = shorten(c.Output) },
		"bias too short":       func(c *Call) { c.Bias = shorten(c.Bias) },
		"residual too short":   func(c *Call) { c.Residual = shorten(c.Residual) },
		"tap before the input": func(c *Call) { c.Taps[0] = -1 },
		"no taps":              func(c *Call) { c.Taps = nil },
		"output goes back":     func(c *Call) { c.OutputStep = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			eachChannelwise(t, func(t *testing.T, k Channelwise) {
				f := channelwiseFixture(k, 2, k.Lanes, rand.New(rand.NewPCG(7, 8)))
				require.NotPanics(t, func() { k.Run(&f.Call) })
				harm(&f.Call)
				require.Panics(t, func() { k.Run(&f.Call) })
			})
		})
	}
}

func TestSweepsCoverRowsOfAnyLength(t *testing.T) {
	for _, family := range families() {
		for kind, kernels := range map[string][]Channelwise{"depthwise": family.Depthwise(), "pool": family.MaxPool()} {
			for pixels := 1; pixels <= 40; pixels++ {
				row := kernels[0]
				row.Pixels = pixels
				f := repeatedFixture(row, 3, 2*row.Lanes, pixels%4, rand.New(rand.NewPCG(13, 14)))
				f.epilogue(2 | 4 | 8)
				f.seed(row.tile())
				whole := f.Call
				Sweep(kernels, &f.Call, pixels)
				got := slices.Clone(f.output)
				f.Call = whole
				_, want := f.bothOf(Channelwise{pixels, row.Lanes, row.weighted, func(*Call) {}})
				require.Equal(t, want, got, "%s, %s, %d pixels", family.Name, kind, pixels)
				f.Call = whole
				f.Output = f.Output[:len(f.Output)-1]
				require.Panics(t, func() { Sweep(kernels, &f.Call, pixels) }, "a row beyond the output")
			}
			require.Panics(t, func() { Sweep(kernels, &Call{}, 0) }, "no pixels")
		}
	}
}

func TestDepthwiseKernelsNeedAllWeights(t *testing.T) {
	for _, family := range families() {
		for _, k := range family.Depthwise() {
			f := channelwiseFixture(k, 2, k.Lanes, rand.New(rand.NewPCG(9, 10)))
			f.Weights = f.Weights[:len(f.Weights)-1]
			require.Panics(t, func() { k.Run(&f.Call) }, "%s, %d pixels", family.Name, k.Pixels)
		}
	}
}

func TestChannelwiseRowsCanBeCovered(t *testing.T) {
	for _, f := range families() {
		for _, kernels := range [][]Channelwise{f.Depthwise(), f.MaxPool()} {
			require.NotEmpty(t, kernels)
			require.Equal(t, 1, kernels[len(kernels)-1].Pixels)
			require.True(t, slices.IsSortedFunc(kernels, func(a, b Channelwise) int { return b.Pixels - a.Pixels }))
		}
	}
}

func TestChannelwiseRunAllocatesNothing(t *testing.T) {
	eachChannelwise(t, func(t *testing.T, k Channelwise) {
		f := channelwiseFixture(k, 9, k.Lanes, rand.New(rand.NewPCG(11, 12)))
		require.Zero(t, testing.AllocsPerRun(10, func() { k.Run(&f.Call) }))
	})
}
