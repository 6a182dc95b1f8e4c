package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/plain"
)

// drawn is a tensor of numbers around zero.
func drawn(r *rand.Rand, shape ...int) *accel.Tensor {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = float32(r.NormFloat64())
	}
	return t
}

// imageProgram is a program in the making, with drawn weights.
type imageProgram struct {
	acceltest.Builder
	r *rand.Rand
}

// conv adds a convolution of a square window.
func (b *imageProgram) conv(x accel.ValueID, outputs, window, stride, groups int) accel.ValueID {
	pad := window / 2
	op := accel.Conv{Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}, Pad: [4]int{pad, pad, pad, pad}, Groups: groups}
	channels := b.Shape(x)[1].Fixed
	w := drawn(b.r, outputs, channels/groups, window, window)
	for i := range w.Data {
		w.Data[i] *= float32(1 / math.Sqrt(float64(channels/groups*window*window)))
	}
	return b.Step(op, x, b.Const(w), b.Const(drawn(b.r, outputs)))
}

func (b *imageProgram) do(fn accel.MapFn, x accel.ValueID) accel.ValueID {
	return b.Step(accel.Map{Fn: fn, A: 0.5, B: 2}, x)
}

func (b *imageProgram) binary(fn accel.BinaryFn, x, y accel.ValueID) accel.ValueID {
	return b.Step(accel.Binary{Fn: fn}, x, y)
}

// onEachISA runs a test for the instruction sets this processor has.
func onEachISA(t *testing.T, test func(t *testing.T, d *Device)) {
	for _, l := range available() {
		t.Run(isaNames[l], func(t *testing.T) {
			d, err := New(Config{Threads: 2, ISA: isaNames[l]})
			require.NoError(t, err)
			defer func() { require.NoError(t, d.Close()) }()
			test(t, d)
		})
	}
}

// agrees compares a program on the device with the plain loops: no value may be
// further away than 1e-5 of the largest.
func agrees(t *testing.T, d *Device, p *accel.Program, rows int) {
	r := rand.New(rand.NewPCG(5, 6))
	e, err := d.Compile(p, rows)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	var in []*accel.Tensor
	var a accel.Args
	for _, id := range p.Inputs {
		x := drawn(r, p.Values[id].Shape.At(rows)...)
		buf, err := d.Alloc(len(x.Data))
		require.NoError(t, err)
		require.NoError(t, s.Upload(buf, x.Data))
		in, a.Inputs = append(in, x), append(a.Inputs, buf)
	}
	for _, id := range p.Outputs {
		buf, err := d.Alloc(p.Values[id].Shape.Elements(rows))
		require.NoError(t, err)
		a.Outputs = append(a.Outputs, buf)
	}
	require.NoError(t, s.Run(e, rows, a))
	want, err := plain.Run(p, in, rows, nil)
	require.NoError(t, err)
	for i, buf := range a.Outputs {
		near(t, want.Outputs[i].Data, buf.(*buffer).data, fmt.Sprintf("output %d", i))
	}
	for _, buf := range append(a.Inputs, a.Outputs...) {
		require.NoError(t, buf.Free())
	}
	require.NoError(t, s.Close())
	require.NoError(t, e.Close())
}

func near(t *testing.T, want, got []float32, what string) {
	most := 0.0
	for _, v := range want {
		most = max(most, math.Abs(float64(v)))
	}
	for i, v := range want {
		require.InDelta(t, v, got[i], 1e-5*most, "%s, value %d", what, i)
	}
}

// Programs in which values go from kernel to kernel as channel blocks. Channels
// fill no whole number of blocks, or do; borders of one value differ among readers.
func TestProgramsOnBlocksAgreeWithThePlainLoops(t *testing.T) {
	mean := accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}, KeepDims: true}
	programs := map[string]func(b *imageProgram, x accel.ValueID) []accel.ValueID{
		"squeeze and excite": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			h := b.do(accel.Silu, b.conv(x, 24, 3, 1, 1))
			gate := b.do(accel.Relu, b.conv(b.Step(mean, h), 6, 1, 1, 1))
			gate = b.do(accel.Sigmoid, b.conv(gate, 24, 1, 1, 1))
			return []accel.ValueID{b.conv(b.binary(accel.Mul, h, gate), 8, 1, 1, 1), gate}
		},
		"a gate that others read with a border": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			h := b.conv(x, 20, 3, 1, 1)
			gate := b.conv(b.Step(mean, h), 20, 1, 1, 1)
			return []accel.ValueID{b.binary(accel.Mul, h, gate), b.conv(gate, 20, 3, 1, 1)}
		},
		"dense block": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			first := b.conv(x, 16, 3, 1, 1)
			second := b.conv(b.do(accel.Relu, first), 5, 3, 1, 1)
			both := b.Step(accel.Concat{Axis: 1}, first, second)
			again := b.Step(accel.Concat{Axis: 1}, both, first) // 21 channels come first
			return []accel.ValueID{b.conv(again, 7, 5, 2, 1)}
		},
		"shortcuts": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			stem := b.do(accel.Relu, b.conv(x, 20, 3, 1, 1))
			wide := b.do(accel.Tanh, b.binary(accel.Add, b.conv(stem, 20, 7, 1, 1), stem))
			h := b.do(accel.Relu, b.binary(accel.Add, b.conv(wide, 20, 1, 1, 1), stem))
			return []accel.ValueID{h, b.binary(accel.Add, b.do(accel.Clip, b.conv(h, 20, 3, 1, 1)), wide)}
		},
		"constants": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			h := b.conv(x, 18, 3, 2, 1)
			h = b.binary(accel.Mul, b.Const(drawn(b.r, 18, 1, 1)), h)
			h = b.binary(accel.Sub, h, b.Const(drawn(b.r, 1, 18, 1, 1)))
			h = b.do(accel.Relu, b.binary(accel.Div, h, b.Const(accel.TensorOf([]float32{3}))))
			h = b.binary(accel.Sub, b.Const(accel.TensorOf([]float32{0.5}, 1)), h)
			lines := b.binary(accel.Div, h, b.Const(accel.TensorOf([]float32{1, 2, 3, 4, 5, 6}, 6)))
			return []accel.ValueID{b.binary(accel.Max, h, lines), h}
		},
		"windows with gaps": func(b *imageProgram, x accel.ValueID) (out []accel.ValueID) {
			for _, gaps := range [][2]int{{2, 1}, {1, 2}} {
				op := accel.Conv{Stride: [2]int{1, 1}, Dilation: gaps, Pad: [4]int{1, 2, 2, 1}, Groups: 1}
				h := b.Step(op, x, b.Const(drawn(b.r, 16, 3, 3, 3)))
				out = append(out, b.Step(op, h, b.Const(drawn(b.r, 18, 16, 2, 3))))
			}
			return out
		},
		"one value under several names": func(b *imageProgram, x accel.ValueID) []accel.ValueID {
			h := b.conv(x, 6, 3, 1, 1)
			flat := b.Step(accel.Reshape{To: accel.BatchShape(6 * 7 * 11)}, h)
			back := b.Step(accel.Reshape{To: accel.BatchShape(7, 6, 11)}, b.do(accel.Sigmoid, flat))
			return []accel.ValueID{flat, h, b.conv(back, 3, 3, 1, 1), b.conv(h, 3, 3, 1, 1)}
		},
		"reductions": func(b *imageProgram, x accel.ValueID) (out []accel.ValueID) {
			h := b.conv(x, 19, 3, 1, 1)
			for _, fn := range []accel.ReduceFn{accel.ReduceMax, accel.ReduceMin, accel.ReduceSum, accel.ReduceMean, accel.ReduceL2} {
				out = append(out, b.Step(accel.Reduce{Fn: fn, Axes: []int{2, 3}}, h))
			}
			return out
		},
	}
	for name, build := range programs {
		t.Run(name, func(t *testing.T) {
			onEachISA(t, func(t *testing.T, d *Device) {
				b := &imageProgram{r: rand.New(rand.NewPCG(1, 2))}
				p := b.Program(build(b, b.Input(accel.BatchShape(3, 7, 11)))...)
				for _, rows := range []int{1, 7} {
					agrees(t, d, p, rows)
				}
			})
		})
	}
}

// Widths that take several tiles, depths cut into passes, windows that reach
// further than the image, large images cut into bands, groups narrower and wider
// than a block.
func TestConvolutionsOnBlocksAgreeWithThePlainLoops(t *testing.T) {
	for _, c := range []struct {
		name                                                     string
		channels, height, width, outputs, window, stride, groups int
	}{
		{"one channel", 1, 9, 31, 16, 5, 1, 1},
		{"two channels", 2, 5, 19, 20, 3, 1, 1},
		{"three channels", 3, 9, 33, 40, 3, 1, 1},
		{"three channels, every other pixel", 3, 16, 37, 70, 7, 2, 1},
		{"two groups of two channels", 4, 5, 9, 10, 3, 1, 2},
		{"few channels", 4, 6, 17, 33, 3, 2, 1},
		{"a block and some", 19, 5, 30, 50, 3, 1, 1},
		{"many", 130, 4, 7, 65, 3, 1, 1},
		{"points", 300, 1, 1, 70, 1, 1, 1},
		{"window larger than the image", 5, 2, 3, 8, 7, 1, 1},
		{"large", 1, 60, 210, 20, 3, 1, 1},
		{"groups of two", 32, 6, 6, 32, 3, 1, 16},
		{"groups that cross blocks", 30, 6, 5, 42, 3, 1, 6},
		{"groups of blocks", 64, 6, 9, 96, 3, 2, 2},
		{"more outputs than inputs a group", 6, 6, 6, 60, 1, 1, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEachISA(t, func(t *testing.T, d *Device) {
				b := &imageProgram{r: rand.New(rand.NewPCG(3, 4))}
				y := b.conv(b.Input(accel.BatchShape(c.channels, c.height, c.width)), c.outputs, c.window, c.stride, c.groups)
				p := b.Program(b.do(accel.Relu, y))
				for _, rows := range []int{1, 5} {
					agrees(t, d, p, rows)
				}
			})
		})
	}
}

// What is cut off an image until nothing is left adds nothing to others, and can be
// padded.
func TestAnImageOfWhichNothingIsLeft(t *testing.T) {
	one := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	for axis := 1; axis < 4; axis++ {
		r := rand.New(rand.NewPCG(1, 2))
		b := &acceltest.Builder{}
		h := b.Step(one, b.Input(accel.BatchShape(5, 4, 4)), b.Const(drawn(r, 16, 5, 1, 1)))
		nothing := b.Step(accel.Map{Fn: accel.Relu}, b.Step(accel.Slice{Axis: axis, Step: 1}, h))
		pad := accel.Pad{Mode: accel.PadConstant, Before: make([]int, 4), After: make([]int, 4), Value: 2}
		pad.Before[axis] = 3
		p := b.Program(b.Step(accel.Concat{Axis: axis}, nothing, h, nothing), nothing, b.Step(pad, nothing))
		agrees(t, planned(t), p, 3)
	}
}
