package cpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// images are operands of a convolution that Winograd's algorithm is for.
type images struct {
	in, out, height, width int
	pad                    [4]int
	count                  int
}

func (g images) op() accel.Conv {
	return accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: g.pad, Groups: 1}
}

func (g images) weights(r *rand.Rand) *accel.Tensor { return noise(r, g.out, g.in, 3, 3) }

func noise(r *rand.Rand, shape ...int) *accel.Tensor {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = float32(r.NormFloat64())
	}
	return t
}

// eachISA runs a test for all instructions this processor has.
func eachISA(t *testing.T, test func(t *testing.T, c cpu.Config)) {
	for _, isa := range []string{"avx512", "avx2", "neon", "generic"} {
		c := cpu.Config{Threads: 2, ISA: isa}
		d, err := cpu.New(c)
		if err != nil {
			continue // not on this processor
		}
		require.NoError(t, d.Close())
		t.Run(isa, func(t *testing.T) { test(t, c) })
	}
}

// computed runs a program of one input and one output, and checks that as many of
// its convolutions as wanted go through Winograd's transforms.
func computed(t *testing.T, c cpu.Config, p *accel.Program, x *accel.Tensor, transformed int) []float32 {
	rows := x.Shape[0]
	b := newBenchOn(t, c, p, rows)
	require.NoError(t, b.stream.Upload(b.args.Inputs[0], x.Data))
	b.run(t)
	out := make([]float32, b.args.Outputs[0].Floats())
	require.NoError(t, b.stream.Download(out, b.args.Outputs[0]))
	require.NoError(t, b.stream.Sync(t.Context()))
	found := 0
	for _, s := range b.exec.(accel.Explainer).Explain()[0].Steps {
		if s.Kernel == "winograd" {
			found++
		}
	}
	require.Equal(t, transformed, found, "convolutions by Winograd's algorithm")
	return out
}

// agreesEverywhere compares a program with the oracle, with all instructions this
// processor has: within 1e-4 of the largest result. As many of its convolutions as
// wanted go through the transforms.
func agreesEverywhere(t *testing.T, p *accel.Program, x *accel.Tensor, transformed int) {
	want, err := plain.Run(p, []*accel.Tensor{x}, x.Shape[0], nil)
	require.NoError(t, err)
	largest := 0.0
	for _, v := range want.Outputs[0].Data {
		largest = max(largest, math.Abs(float64(v)))
	}
	eachISA(t, func(t *testing.T, c cpu.Config) {
		testkit.Close(t, "output", computed(t, c, p, x, transformed), want.Outputs[0].Data, 1e-4*largest)
	})
}

func TestWinogradFitsImagesOfAnySize(t *testing.T) {
	same := [4]int{1, 1, 1, 1}
	for name, g := range map[string]images{
		"one tile":               {16, 16, 4, 4, same, 1},
		"tiles cut off":          {32, 48, 7, 9, same, 2},
		"one pixel":              {16, 16, 1, 1, same, 3},
		"no padding":             {16, 32, 10, 6, [4]int{}, 2},
		"wide padding":           {16, 16, 5, 5, [4]int{2, 2, 2, 2}, 2},
		"padding on some sides":  {16, 16, 9, 8, [4]int{0, 1, 2, 0}, 2},
		"output block not full":  {16, 3, 8, 8, same, 2},
		"three output blocks":    {16, 48, 8, 8, same, 2},
		"more than a pass":       {16, 16, 40, 33, same, 3},
		"a line beyond a pass":   {16, 16, 5, 300, same, 1},
		"images share a pass":    {64, 16, 8, 8, same, 21},
		"points fill the passes": {256, 8, 15, 15, same, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			b := &acceltest.Builder{}
			y := b.Step(g.op(), b.Input(accel.BatchShape(g.in, g.height, g.width)), b.Const(g.weights(r)), b.Const(noise(r, g.out)))
			agreesEverywhere(t, b.Program(y), noise(r, g.count, g.in, g.height, g.width), 1)
		})
	}
}

// TestWinogradFinishesItsResults has all there is after a convolution, and other
// convolutions that need the border of what went before.
func TestWinogradFinishesItsResults(t *testing.T) {
	g := images{16, 16, 9, 7, [4]int{1, 1, 1, 1}, 3}
	shape := accel.BatchShape(g.in, g.height, g.width)
	for name, chain := range map[string]struct {
		convs int
		build func(b *acceltest.Builder, x accel.ValueID, conv func(accel.ValueID) accel.ValueID) accel.ValueID
	}{
		"norm and ReLU": {1, func(b *acceltest.Builder, x accel.ValueID, conv func(accel.ValueID) accel.ValueID) accel.ValueID {
			return b.Step(accel.Map{Fn: accel.Relu}, b.Norm(accel.Norm{Eps: 1e-5}, conv(x), rand.New(rand.NewPCG(3, 4))))
		}},
		"clip": {1, func(b *acceltest.Builder, x accel.ValueID, conv func(accel.ValueID) accel.ValueID) accel.ValueID {
			return b.Step(accel.Map{Fn: accel.Clip, A: -3, B: 6}, conv(x))
		}},
		"sigmoid, then a convolution": {2, func(b *acceltest.Builder, x accel.ValueID, conv func(accel.ValueID) accel.ValueID) accel.ValueID {
			return conv(b.Step(accel.Map{Fn: accel.Sigmoid}, conv(x)))
		}},
		"residual": {2, func(b *acceltest.Builder, x accel.ValueID, conv func(accel.ValueID) accel.ValueID) accel.ValueID {
			h := b.Step(accel.Map{Fn: accel.Relu}, conv(x))
			return b.Step(accel.Map{Fn: accel.Relu}, b.Step(accel.Binary{Fn: accel.Add}, conv(h), x))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			b := &acceltest.Builder{}
			conv := func(x accel.ValueID) accel.ValueID { return b.Step(g.op(), x, b.Const(g.weights(r))) }
			p := b.Program(chain.build(b, b.Input(shape), conv))
			agreesEverywhere(t, p, noise(r, g.count, g.in, g.height, g.width), chain.convs)
		})
	}
}

// TestWinogradIsAsPreciseAsItSays bounds the error against float64: relative root
// mean square, and the worst in units of the largest result.
func TestWinogradIsAsPreciseAsItSays(t *testing.T) {
	for name, g := range map[string]images{
		"16 channels":  {16, 16, 32, 32, [4]int{1, 1, 1, 1}, 1},
		"64 channels":  {64, 64, 8, 8, [4]int{1, 1, 1, 1}, 2},
		"256 channels": {256, 16, 14, 14, [4]int{1, 1, 1, 1}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			x, w := noise(r, g.count, g.in, g.height, g.width), g.weights(r)
			want := g.exact(x, w)
			eachISA(t, func(t *testing.T, c cpu.Config) {
				b := &acceltest.Builder{}
				p := b.Program(b.Step(g.op(), b.Input(accel.BatchShape(g.in, g.height, g.width)), b.Const(w)))
				var squares, errors, largest, worst float64
				for i, v := range computed(t, c, p, x, 1) {
					e := math.Abs(float64(v) - want[i])
					squares, errors = squares+want[i]*want[i], errors+e*e
					largest, worst = max(largest, math.Abs(want[i])), max(worst, e)
				}
				require.Less(t, math.Sqrt(errors/squares), 2e-6, "root mean square")
				require.Less(t, worst/largest, 1e-5, "worst")
			})
		})
	}
}

// exact is the convolution in float64.
func (g images) exact(x, w *accel.Tensor) []float64 {
	var out []float64
	for i := range g.count * g.out * g.height * g.width {
		col, row := i%g.width, i/g.width%g.height
		o, image := i/(g.width*g.height)%g.out, i/(g.width*g.height*g.out)
		sum := 0.0
		for k := range g.in * 9 {
			c, r, s := k/9, row+k/3%3-g.pad[0], col+k%3-g.pad[1]
			if r >= 0 && r < g.height && s >= 0 && s < g.width {
				sum += float64(w.Data[o*g.in*9+k]) * float64(x.Data[((image*g.in+c)*g.height+r)*g.width+s])
			}
		}
		out = append(out, sum)
	}
	return out
}

func TestWinogradLeavesOtherConvolutionsAlone(t *testing.T) {
	same := [4]int{1, 1, 1, 1}
	base := images{16, 16, 8, 8, same, 2}
	for name, change := range map[string]func(g *images, op *accel.Conv){
		"stride":                            func(_ *images, op *accel.Conv) { op.Stride = [2]int{1, 2} },
		"dilation":                          func(_ *images, op *accel.Conv) { op.Dilation = [2]int{2, 1} },
		"few channels":                      func(g *images, _ *accel.Conv) { g.in = 8 },
		"channels that are no whole blocks": func(g *images, _ *accel.Conv) { g.in = 30 },
		"too few tiles for the channels":    func(g *images, _ *accel.Conv) { g.in, g.height, g.width = 128, 4, 4 },
	} {
		t.Run(name, func(t *testing.T) {
			g, r := base, rand.New(rand.NewPCG(7, 8))
			op := g.op()
			change(&g, &op)
			b := &acceltest.Builder{}
			p := b.Program(b.Step(op, b.Input(accel.BatchShape(g.in, g.height, g.width)), b.Const(g.weights(r))))
			agreesEverywhere(t, p, noise(r, g.count, g.in, g.height, g.width), 0)
		})
	}
}

func TestWinogradCanBeTurnedOff(t *testing.T) {
	g, r := images{16, 16, 8, 8, [4]int{1, 1, 1, 1}, 2}, rand.New(rand.NewPCG(7, 8))
	b := &acceltest.Builder{}
	p := b.Program(b.Step(g.op(), b.Input(accel.BatchShape(g.in, g.height, g.width)), b.Const(g.weights(r))))
	x := noise(r, g.count, g.in, g.height, g.width)
	computed(t, cpu.Config{Winograd: "off"}, p, x, 0)
	computed(t, cpu.Config{Winograd: "auto"}, p, x, 1)
}

func TestWinogradIsAutoOrOff(t *testing.T) {
	_, err := cpu.New(cpu.Config{Winograd: "fast"})
	require.ErrorContains(t, err, `winograd "fast" is not one of auto, off`)
}
