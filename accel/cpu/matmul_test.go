package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// Extents on either side of where kernels, groups of columns, calls and blocks of
// rows end. Of depths that are a multiple of 1024 the left side is copied.
func TestProductsOfAllExtents(t *testing.T) {
	onEachISA(t, func(t *testing.T, d *Device) {
		r := rand.New(rand.NewPCG(41, 42))
		for _, m := range []int{1, 2, 13, 15, 225} {
			for _, k := range []int{1, 5, 257, 1024} {
				for _, n := range []int{1, 4, 16, 17, 31, 48, 65} {
					if d.isa == plainGo && m*k*n > 1<<20 {
						continue // nothing that smaller ones do not show
					}
					b := &acceltest.Builder{}
					y := b.Step(accel.MatMul{Alpha: 0.5, Beta: 2}, b.Input(accel.BatchShape(k)), b.Const(drawn(r, k, n)), b.Const(drawn(r, n)))
					agrees(t, d, b.Program(y), m)
				}
			}
		}
	})
}

// What follows a product is done by its kernels or after them, column by column
// where the last ones go through scratch.
func TestTailsOfProducts(t *testing.T) {
	do := func(fn accel.MapFn) accel.Map { return accel.Map{Fn: fn, A: -0.25, B: 0.5} }
	tails := map[string][]accel.Op{
		"addition":                       {accel.Binary{Fn: accel.Add}},
		"addition and ReLU":              {accel.Binary{Fn: accel.Add}, do(accel.Relu)},
		"ReLU and addition":              {do(accel.Relu), accel.Binary{Fn: accel.Add}},
		"clip":                           {do(accel.Clip)},
		"GELU":                           {do(accel.Gelu)},
		"addition, clip, tanh, addition": {accel.Binary{Fn: accel.Add}, do(accel.Clip), do(accel.Tanh), accel.Binary{Fn: accel.Add}},
	}
	addends := map[string][]int{"no addend": nil, "for every column": {37}, "one": {1}, "for every row": {9, 1}}
	onEachISA(t, func(t *testing.T, d *Device) {
		r := rand.New(rand.NewPCG(43, 44))
		for name, tail := range tails {
			for what, shape := range addends {
				t.Run(name+", "+what, func(t *testing.T) {
					b := &acceltest.Builder{}
					x, other := b.Input(accel.BatchShape(9, 20)), b.Input(accel.BatchShape(9, 37))
					in := []accel.ValueID{x, b.Const(drawn(r, 20, 37))}
					if shape != nil {
						in = append(in, b.Const(drawn(r, shape...)))
					}
					h := b.Step(accel.MatMul{Alpha: 1, Beta: 0.5}, in...)
					for _, op := range tail {
						if _, ok := op.(accel.Binary); ok {
							h = b.Step(op, h, other)
						} else {
							h = b.Step(op, h)
						}
					}
					p := b.Program(h)
					plan, err := newPlan(d, p, 3, forBatch, packs{})
					require.NoError(t, err)
					require.Len(t, plan.kernels, 1)
					agrees(t, d, p, 3)
				})
			}
		}
	})
}

// However rows, columns and matrices are shared out, every sum is added up in the
// same order.
func TestProductsHaveTheSameBitsWithAnyNumberOfWorkers(t *testing.T) {
	const k, n = 600, 200
	r := rand.New(rand.NewPCG(45, 46))
	w := drawn(r, k, n)
	for _, rows := range []int{1, 3, 40, 500} {
		x := drawn(r, rows, k)
		var want []float32
		for _, threads := range []int{1, 2, 3, 5} {
			b := &acceltest.Builder{}
			p := b.Program(b.Step(accel.MatMul{Alpha: 1}, b.Input(accel.BatchShape(k)), b.Const(w)))
			got := runOnce(t, Config{Threads: threads}, p, rows, x.Data)
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, fmt.Sprintf("%d rows, %d workers", rows, threads))
		}
	}
}

// runOnce returns what a program with one input and one output computes.
func runOnce(t *testing.T, c Config, p *accel.Program, rows int, x []float32) []float32 {
	d, err := New(c)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	e, err := d.Compile(p, rows)
	require.NoError(t, err)
	in, err := d.Alloc(len(x))
	require.NoError(t, err)
	require.NoError(t, s.Upload(in, x))
	out, err := d.Alloc(p.Values[p.Outputs[0]].Shape.Elements(rows))
	require.NoError(t, err)
	require.NoError(t, s.Run(e, rows, accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{out}}))
	y := make([]float32, out.Floats())
	require.NoError(t, s.Download(y, out))
	for _, close := range []func() error{in.Free, out.Free, e.Close, s.Close, d.Close} {
		require.NoError(t, close())
	}
	return y
}
