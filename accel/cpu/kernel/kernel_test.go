package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const guard = float32(-12345)

// fixture is a call with room around everything that may be written.
type fixture struct {
	Call
	output []float32 // with a guard before, after and between the pixels
}

// geometry is what a call varies in beside its epilogue.
type geometry struct {
	taps, depth, step int
	gap               int // values between one output pixel and the next
	repeat            int
}

// newFixture draws a call's operands. With small whole numbers every sum is exact,
// so kernels must agree to the bit whether they fuse or not; otherwise they are
// any numbers between -1 and 1.
func newFixture(k Kernel, g geometry, rng *rand.Rand, whole bool) *fixture {
	draw := func(n int) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = rng.Float32()*2 - 1
			if whole {
				values[i] = float32(rng.IntN(7) - 3)
			}
		}
		return values
	}
	width := k.Blocks * k.Lanes
	f := &fixture{Call: Call{
		Bias: draw(width), Depth: g.depth, InputStep: g.step, Low: -2, High: 5,
		OutputStep: k.Lanes + g.gap, ResidualStep: k.Lanes,
		Repeat: g.repeat, InputNext: 7, WeightsNext: 5,
	}}
	f.OutputBlock, f.ResidualBlock = k.Pixels*f.OutputStep+g.gap, k.Pixels*k.Lanes
	f.OutputNext, f.ResidualNext = k.Blocks*f.OutputBlock+3, k.Blocks*f.ResidualBlock+1
	f.Weights = draw(f.further(f.WeightsNext) + g.taps*g.depth*width)
	for range g.taps {
		f.Taps = append(f.Taps, rng.IntN(90))
	}
	f.Input = draw(f.further(f.InputNext) + slices.Max(f.Taps) + (k.Pixels-1)*g.step + g.depth)
	f.Residual = draw(f.further(f.ResidualNext) + k.last(f.ResidualStep, f.ResidualBlock) + 1)
	size := f.further(f.OutputNext) + k.last(f.OutputStep, f.OutputBlock) + 1
	f.output = slices.Repeat([]float32{guard}, 2*k.Lanes+size)
	f.Output = f.output[k.Lanes:][:size]
	return f
}

// epilogue sets what bits says: accumulate, bias, residual, clip; for each flag a
// bit, and a fifth for a residual that is the output itself.
func (f *fixture) epilogue(bits int) {
	f.Accumulate, f.Clip = bits&1 != 0, bits&8 != 0
	if bits&2 == 0 {
		f.Bias = nil
	}
	switch {
	case bits&4 == 0:
		f.Residual = nil
	case bits&16 != 0:
		f.Residual, f.ResidualStep, f.ResidualBlock, f.ResidualNext = f.Output, f.OutputStep, f.OutputBlock, f.OutputNext
	}
}

// seed writes what accumulation and an aliased residual find, the same every time.
func (f *fixture) seed(k Kernel) {
	for i := range f.output {
		f.output[i] = guard
	}
	for i := range max(f.Repeat, 1) {
		for p := range k.Pixels {
			for j := range k.Blocks {
				for l := range k.Lanes {
					f.Output[i*f.OutputNext+p*f.OutputStep+j*f.OutputBlock+l] = float32((i+p+j+l)%5 - 2)
				}
			}
		}
	}
}

// eachTile calls tile with every tile of the call on its own.
func (f *fixture) eachTile(tile func(c *Call)) {
	for i := range max(f.Repeat, 1) {
		c := f.Call
		c.Input, c.Output = c.Input[i*c.InputNext:], c.Output[i*c.OutputNext:]
		if c.Weights != nil {
			c.Weights = c.Weights[i*c.WeightsNext:]
		}
		if c.Residual != nil {
			c.Residual = c.Residual[i*c.ResidualNext:]
		}
		tile(&c)
	}
}

// both returns the output of the kernel and of the plain loop, guards and all.
func (f *fixture) both(k Kernel) (got, want []float32) {
	f.seed(k)
	k.Run(&f.Call)
	got = slices.Clone(f.output)
	f.seed(k)
	f.eachTile(func(c *Call) { plain(k.Pixels, k.Blocks, k.Lanes, c) })
	return got, slices.Clone(f.output)
}

// eachKernel runs a test for every kernel this processor has.
func eachKernel(t *testing.T, test func(t *testing.T, k Kernel)) {
	for _, f := range families() {
		for _, k := range f.kernels {
			t.Run(fmt.Sprintf("%s/%dx%d", f.Name, k.Pixels, k.Blocks), func(t *testing.T) { test(t, k) })
		}
	}
}

func TestKernelsDoWhatThePlainLoopDoes(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		rng := rand.New(rand.NewPCG(1, 2))
		tapCounts, depths := []int{1, 2, 9}, []int{1, 2, 3, 4, 5, 8, 16, 19}
		if testing.Short() { // the race detector makes the plain loop slow
			tapCounts, depths = []int{2}, []int{3, 5}
		}
		for _, taps := range tapCounts {
			for _, depth := range depths {
				for _, step := range []int{0, 3, 4, k.Lanes, 2 * k.Lanes} {
					for bits := range 32 {
						g := geometry{taps, depth, step, bits % 3 * 5, 0}
						f := newFixture(k, g, rng, true)
						f.epilogue(bits)
						got, want := f.both(k)
						require.Equal(t, want, got, "%+v, epilogue %05b", g, bits)
					}
				}
			}
		}
	})
}

func TestACallOfSeveralTilesIsACallForEach(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		rng := rand.New(rand.NewPCG(13, 14))
		for _, repeat := range []int{0, 1, 2, 5} {
			for _, depth := range []int{3, 4} {
				for bits := range 32 {
					g := geometry{2, depth, k.Lanes, bits % 3 * 5, repeat}
					f := newFixture(k, g, rng, true)
					f.epilogue(bits)
					before := f.Call
					got, want := f.both(k)
					require.Equal(t, want, got, "%+v, epilogue %05b", g, bits)
					require.Equal(t, before, f.Call, "the call is as it was")
				}
			}
		}
	})
}

// TestKernelsAreCloseForAnyNumbers allows for the rounding that fused
// multiply-adds leave out: 1e-5 of the sum of magnitudes.
func TestKernelsAreCloseForAnyNumbers(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		rng := rand.New(rand.NewPCG(3, 4))
		f := newFixture(k, geometry{taps: 9, depth: 64, step: 64}, rng, false)
		f.epilogue(2 | 4)
		got, want := f.both(k)
		for i, x := range f.Input {
			f.Input[i] = float32(math.Abs(float64(x)))
		}
		for i, x := range f.Weights {
			f.Weights[i] = float32(math.Abs(float64(x)))
		}
		_, size := f.both(k)
		for i := range want {
			require.InDelta(t, want[i], got[i], 1e-5*(math.Abs(float64(size[i]))+2), "value %d", i)
		}
	})
}

func TestClippingLeavesWhatIsNotANumber(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		f := newFixture(k, geometry{taps: 1, depth: 1, step: 1}, rand.New(rand.NewPCG(5, 6)), true)
		f.epilogue(8)
		f.Low, f.High = 0, float32(math.Inf(1))
		f.Input[f.Taps[0]] = float32(math.NaN())
		k.Run(&f.Call)
		require.True(t, math.IsNaN(float64(f.Output[0])), "got %v", f.Output[0])
	})
}

func TestSumsAreTheSameInEveryShape(t *testing.T) {
	for _, family := range families() {
		if family.Name == "generic" {
			continue // whether Go fuses is the compiler's choice in every function
		}
		one := family.Kernels(1)
		single := one[len(one)-1]
		for _, k := range family.kernels {
			f := newFixture(k, geometry{taps: 9, depth: 19, step: 3}, rand.New(rand.NewPCG(7, 8)), false)
			f.epilogue(0)
			k.Run(&f.Call)
			for p := range k.Pixels {
				for j := range k.Blocks {
					require.Equal(t, f.alone(k, single, p, j), f.Output[p*f.OutputStep+j*f.OutputBlock:][:k.Lanes],
						"%s %dx%d, pixel %d, block %d", family.Name, k.Pixels, k.Blocks, p, j)
				}
			}
		}
	}
}

// alone is pixel p of block j of the call to k, computed by a tile of one pixel
// and one block.
func (f *fixture) alone(k, single Kernel, p, j int) []float32 {
	c := f.Call
	c.Input, c.Output, c.Weights = f.Input[p*f.InputStep:], make([]float32, k.Lanes), nil
	for i := range len(f.Taps) * f.Depth {
		c.Weights = append(c.Weights, f.Weights[(i*k.Blocks+j)*k.Lanes:][:k.Lanes]...)
	}
	single.Run(&c)
	return c.Output
}

func TestKernelsRefuseToLeaveTheirSlices(t *testing.T) {
	shorten := func(s []float32) []float32 { return s[:len(s)-1] }
	for name, harm := range map[string]func(c *Call){
		"input too short":                      func(c *Call) { c.Input = shorten(c.Input) },
		"weights too short":                    func(c *Call) { c.Weights = shorten(c.Weights) },
		"output too short":                     func(c *Call) { c.Output = shorten(c.Output) },
		"bias too short":                       func(c *Call) { c.Bias = shorten(c.Bias) },
		"residual too short":                   func(c *Call) { c.Residual = shorten(c.Residual) },
		"tap before the input":                 func(c *Call) { c.Taps[0] = -1 },
		"no taps":                              func(c *Call) { c.Taps = nil },
		"no channels":                          func(c *Call) { c.Depth = 0 },
		"input goes back":                      func(c *Call) { c.InputStep = -1 },
		"residual goes back":                   func(c *Call) { c.ResidualStep = -1 },
		"output block goes back":               func(c *Call) { c.OutputBlock = -1 },
		"tiles below zero":                     func(c *Call) { c.Repeat = -1 },
		"input too short for the last tile":    func(c *Call) { c.Repeat++; c.OutputNext, c.WeightsNext, c.ResidualNext = 0, 0, 0 },
		"weights too short for the last tile":  func(c *Call) { c.Repeat++; c.InputNext, c.OutputNext, c.ResidualNext = 0, 0, 0 },
		"output too short for the last tile":   func(c *Call) { c.Repeat++; c.InputNext, c.WeightsNext, c.ResidualNext = 0, 0, 0 },
		"residual too short for the last tile": func(c *Call) { c.Repeat++; c.InputNext, c.WeightsNext, c.OutputNext = 0, 0, 0 },
		"next tile's input lies before":        func(c *Call) { c.InputNext = -1 },
		"next tile's weights lie before":       func(c *Call) { c.WeightsNext = -1 },
		"next tile's output lies before":       func(c *Call) { c.OutputNext = -1 },
		"next tile's residual lies before":     func(c *Call) { c.ResidualNext = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			eachKernel(t, func(t *testing.T, k Kernel) {
				f := newFixture(k, geometry{taps: 2, depth: 5, step: 4, repeat: 2}, rand.New(rand.NewPCG(9, 10)), true)
				require.NotPanics(t, func() { k.Run(&f.Call) })
				f.seed(k)
				harm(&f.Call)
				before := slices.Clone(f.output)
				require.Panics(t, func() { k.Run(&f.Call) })
				require.Equal(t, before, f.output, "nothing is written before the check")
			})
		})
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		f := newFixture(k, geometry{taps: 9, depth: 16, step: 16, repeat: 2}, rand.New(rand.NewPCG(11, 12)), true)
		require.Zero(t, testing.AllocsPerRun(10, func() { k.Run(&f.Call) }))
	})
}
