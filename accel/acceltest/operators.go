package acceltest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// runOperators applies each operator for several numbers of rows, with its
// operands given at run time and, where they can be, as constants.
func runOperators(t *testing.T, open Open) {
	d := opened(t, open)
	for i, c := range cases() {
		t.Run(fmt.Sprintf("%s/%s/%d", c.op.Kind(), c.name, i), func(t *testing.T) {
			runCase(t, d, c, false)
			if c.hasConstants() {
				runCase(t, d, c, true)
			}
		})
	}
}

func runCase(t *testing.T, d accel.Device, c opCase, constants bool) {
	r := newRunner(t, d)
	defer r.close()
	random := seeded(t.Name())
	p, given := c.program(random, constants)
	mayRefuse(t, d, p)
	e := r.compile(p, 7)
	for _, rows := range []int{7, 1, 2, 5, 1} { // one of them again, for what is kept for a number of rows
		var inputs []*accel.Tensor
		for _, o := range given {
			inputs = append(inputs, o.fill.tensor(random, o.shape.At(rows)...))
		}
		r.compare(e, rows, inputs, nil, max(c.depth, 8))
	}
	require.NoError(t, e.Close())
}

// mayRefuse skips a program of one operator that devices need not have and this one
// has not.
func mayRefuse(t *testing.T, d accel.Device, p *accel.Program) {
	t.Helper()
	if err := d.Supports(p, 0); optional(p.Steps[0].Op) && errors.Is(err, accel.ErrUnsupported) {
		t.Skip(err)
	}
}

// hasConstants reports whether some operand may be a constant of its program.
func (c opCase) hasConstants() bool {
	return slices.ContainsFunc(c.in[1:], func(o operand) bool { return !o.absent && o.shape.Static() })
}

// program applies the operator to operands given at run time, which are returned, or
// as constants where they can be.
func (c opCase) program(random *rand.Rand, constants bool) (*accel.Program, []operand) {
	b := &Builder{}
	var ids []accel.ValueID
	var given []operand
	for k, o := range c.in {
		switch {
		case o.absent:
			ids = append(ids, accel.NoValue)
		case constants && k > 0 && o.shape.Static():
			ids = append(ids, b.Const(o.fill.tensor(random, o.shape.At(0)...)))
		default:
			ids = append(ids, b.Input(o.shape))
			given = append(given, o)
		}
	}
	return b.Program(b.Step(c.op, ids...)), given
}

// runSpecials checks values that are not numbers, or not finite: they must come
// out of the device where they come out of the plain loops.
func runSpecials(t *testing.T, open Open) {
	d := opened(t, open)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	values := []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 1, -1, nan, 100, -100, 88, -87, 1e-30, 0.5, 2.5}
	negative := math.Float32frombits(0xffc00000) // the NaN that 0*Inf yields on amd64
	values = append(values, negative)
	x := accel.TensorOf(values, 1, len(values))
	for _, fn := range accel.MapFns() {
		t.Run(string(fn), func(t *testing.T) {
			b := &Builder{}
			op := accel.Map{Fn: fn, A: 0.25, B: 2}
			runOnce(t, d, b.Program(b.Step(op, b.Input(accel.BatchShape(len(values))))), x)
		})
	}
	for _, fn := range accel.BinaryFns() {
		t.Run(string(fn), func(t *testing.T) {
			b := &Builder{}
			in := b.Input(accel.BatchShape(len(values)))
			column := b.Step(accel.Reshape{To: accel.BatchShape(len(values), 1)}, in)
			line := b.Step(accel.Reshape{To: accel.BatchShape(1, len(values))}, in)
			runOnce(t, d, b.Program(b.Step(accel.Binary{Fn: fn}, column, line)), x)
		})
	}
	line := accel.TensorOf([]float32{1, nan, 2, 3, inf, -1, 5, 6, 7}, 1, 1, 3, 3)
	for _, c := range []struct {
		name string
		op   accel.Op
	}{
		{"max pool", accel.Pool{Fn: accel.PoolMax, Kernel: same(2), Stride: unit, Dilation: unit}},
		{"average pool", accel.Pool{Fn: accel.PoolAverage, Kernel: same(2), Stride: unit, Dilation: unit}},
		{"maximum", accel.Reduce{Fn: accel.ReduceMax, Axes: []int{3}}},
		{"minimum", accel.Reduce{Fn: accel.ReduceMin, Axes: []int{3}}},
		{"mean", accel.Reduce{Fn: accel.ReduceMean, Axes: []int{3}}},
		{"length", accel.Reduce{Fn: accel.ReduceL2, Axes: []int{3}}},
		{"softmax", accel.Softmax{Axis: 3}},
		{"log-softmax", accel.Softmax{Axis: 3, Log: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &Builder{}
			runOnce(t, d, b.Program(b.Step(c.op, b.Input(accel.BatchShape(1, 3, 3)))), line)
		})
	}
	t.Run("one bad row leaves the others alone", func(t *testing.T) {
		random := seeded(t.Name())
		b := &Builder{}
		conv := accel.Conv{Stride: unit, Dilation: unit, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
		y := b.Step(conv, b.Input(accel.BatchShape(2, 3, 3)), b.Const(Numbers.tensor(random, 3, 2, 3, 3)))
		p := b.Program(b.Step(accel.Map{Fn: accel.Relu}, y))
		in := Numbers.tensor(random, 3, 2, 3, 3)
		in.Row(1)[4] = nan
		r := newRunner(t, d)
		defer r.close()
		e := r.compile(p, 3)
		r.compare(e, 3, []*accel.Tensor{in}, nil, 18)
		require.NoError(t, e.Close())
	})
}

func runOnce(t *testing.T, d accel.Device, p *accel.Program, in *accel.Tensor) {
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, in.Rows())
	r.compare(e, in.Rows(), []*accel.Tensor{in}, nil, 8)
	require.NoError(t, e.Close())
}
