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

// kernelsOf lists the kernels of a program's first schedule, but for the copies
// between layouts.
func kernelsOf(e accel.Exec) (names []string) {
	for _, s := range e.(accel.Explainer).Explain()[0].Steps {
		if s.Kernel != "reorder" {
			names = append(names, s.Kernel)
		}
	}
	return names
}

// agrees runs a program of one input and one output and compares it with the
// oracle, within 1e-5 of the largest result.
func agrees(t *testing.T, c cpu.Config, p *accel.Program, x *accel.Tensor, kernels ...string) {
	rows := x.Shape[0]
	b := newBenchOn(t, c, p, rows)
	require.Equal(t, kernels, kernelsOf(b.exec))
	require.NoError(t, b.stream.Upload(b.args.Inputs[0], x.Data))
	b.run(t)
	got := make([]float32, b.args.Outputs[0].Floats())
	require.NoError(t, b.stream.Download(got, b.args.Outputs[0]))
	require.NoError(t, b.stream.Sync(t.Context()))
	want, err := plain.Run(p, []*accel.Tensor{x}, rows, nil)
	require.NoError(t, err)
	largest := 0.0
	for _, v := range want.Outputs[0].Data {
		if a := math.Abs(float64(v)); !math.IsInf(a, 0) && !math.IsNaN(a) {
			largest = max(largest, a)
		}
	}
	testkit.Close(t, "output", got, want.Outputs[0].Data, 1e-5*largest)
}

func TestDepthwiseConvolutionsKeepChannelsApart(t *testing.T) {
	for name, g := range map[string]struct {
		channels, height, width, window int
		op                              accel.Conv
	}{
		"3x3":                 {32, 9, 17, 3, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}},
		"stride":              {32, 9, 16, 3, accel.Conv{Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}},
		"padding at the end":  {32, 8, 8, 3, accel.Conv{Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Pad: [4]int{0, 0, 1, 1}}},
		"5x5":                 {16, 14, 14, 5, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{2, 2, 2, 2}}},
		"dilation":            {16, 11, 12, 3, accel.Conv{Stride: [2]int{1, 2}, Dilation: [2]int{2, 3}, Pad: [4]int{2, 3, 2, 3}}},
		"no padding":          {16, 7, 7, 7, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}},
		"block not full":      {19, 7, 7, 3, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}},
		"an image's channels": {3, 6, 6, 3, accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			eachISA(t, func(t *testing.T, c cpu.Config) {
				r := rand.New(rand.NewPCG(1, 2))
				b := &acceltest.Builder{}
				g.op.Groups = g.channels
				y := b.Step(g.op, b.Input(accel.BatchShape(g.channels, g.height, g.width)),
					b.Const(noise(r, g.channels, 1, g.window, g.window)), b.Const(noise(r, g.channels)))
				p := b.Program(b.Step(accel.Map{Fn: accel.Clip, A: -1, B: 6}, y))
				agrees(t, c, p, noise(r, 3, g.channels, g.height, g.width), "blockDepthwise")
			})
		})
	}
}

// TestDepthwiseConvolutionsFinishTheirResults has a residual and a function that no
// kernel does, and a convolution that needs the border of what went before.
func TestDepthwiseConvolutionsFinishTheirResults(t *testing.T) {
	op := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 20}
	eachISA(t, func(t *testing.T, c cpu.Config) {
		r := rand.New(rand.NewPCG(1, 2))
		b := &acceltest.Builder{}
		x := b.Input(accel.BatchShape(20, 9, 15))
		conv := func(x accel.ValueID) accel.ValueID { return b.Step(op, x, b.Const(noise(r, 20, 1, 3, 3))) }
		h := b.Step(accel.Map{Fn: accel.Sigmoid}, conv(x))
		h = b.Step(accel.Map{Fn: accel.Relu}, b.Step(accel.Binary{Fn: accel.Add}, conv(h), x))
		agrees(t, c, b.Program(h), noise(r, 2, 20, 9, 15), "blockDepthwise", "blockDepthwise")
	})
}

func TestDepthwiseConvolutionsOfSeveralOutputsAChannelWorkToo(t *testing.T) {
	op := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 6}
	eachISA(t, func(t *testing.T, c cpu.Config) {
		r := rand.New(rand.NewPCG(1, 2))
		b := &acceltest.Builder{}
		p := b.Program(b.Step(op, b.Input(accel.BatchShape(6, 9, 15)), b.Const(noise(r, 12, 1, 3, 3))))
		agrees(t, c, p, noise(r, 2, 6, 9, 15), "direct")
	})
}

// pools are windows in all positions to the edges of an image of 9x17.
var pools = map[string]accel.Pool{
	"2x2":               {Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}},
	"3x3 with a border": {Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}},
	"border counted":    {Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, CountPadding: true},
	"one side":          {Kernel: [2]int{3, 4}, Stride: [2]int{2, 3}, Dilation: [2]int{1, 1}, Pad: [4]int{0, 0, 2, 1}},
	"rounded up":        {Kernel: [2]int{2, 3}, Stride: [2]int{2, 3}, Dilation: [2]int{1, 1}, Ceil: true, CountPadding: true},
	"dilation":          {Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{2, 3}, Pad: [4]int{2, 2, 2, 2}},
	"the whole image":   {Kernel: [2]int{9, 17}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}},
	"wide":              {Kernel: [2]int{5, 5}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{2, 2, 2, 2}},
}

// pooled is a convolution, whose result lies in blocks, and a pool.
func pooled(r *rand.Rand, op accel.Pool, channels int) *accel.Program {
	b := &acceltest.Builder{}
	one := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	return b.Program(b.Step(op, b.Step(one, b.Input(accel.BatchShape(5, 9, 17)), b.Const(noise(r, channels, 5, 1, 1)))))
}

func TestPoolsKeepBlocks(t *testing.T) {
	for name, op := range pools {
		for kind, fn := range map[string]accel.PoolFn{"largest": accel.PoolMax, "average": accel.PoolAverage} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				eachISA(t, func(t *testing.T, c cpu.Config) {
					r := rand.New(rand.NewPCG(1, 2))
					op.Fn = fn
					agrees(t, c, pooled(r, op, 19), noise(r, 2, 5, 9, 17), "direct", "blockPool")
				})
			})
		}
	}
}

// TestPoolsWithTooManyWindowsWork has windows that see something else at every
// place of the image.
func TestPoolsWithTooManyWindowsWork(t *testing.T) {
	op := accel.Pool{Fn: accel.PoolAverage, Kernel: [2]int{15, 15}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{7, 7, 7, 7}}
	eachISA(t, func(t *testing.T, c cpu.Config) {
		r := rand.New(rand.NewPCG(1, 2))
		agrees(t, c, pooled(r, op, 19), noise(r, 2, 5, 9, 17), "direct", "pool")
	})
}

func TestPoolsOfBlocksLetNaNWin(t *testing.T) {
	for kind, fn := range map[string]accel.PoolFn{"largest": accel.PoolMax, "average": accel.PoolAverage} {
		t.Run(kind, func(t *testing.T) {
			eachISA(t, func(t *testing.T, c cpu.Config) {
				r := rand.New(rand.NewPCG(1, 2))
				op := pools["3x3 with a border"]
				op.Fn = fn
				x := noise(r, 2, 5, 9, 17)
				x.Data[40] = float32(math.NaN())
				agrees(t, c, pooled(r, op, 19), x, "direct", "blockPool")
			})
		})
	}
}
