package acceltest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// Sweep is which floats functions are tried with, and what is asked of the results.
type Sweep struct {
	Every   uint64  // one of so many neighbours; a prime makes their digits differ
	Ulps    float64 // units in the last place that a result may be off by
	Flushed bool    // results smaller than any normal number may be 0
}

// RunFunctions applies functions to floats of every size and sign, which are not what
// random numbers look like.
func RunFunctions(t *testing.T, open Open, s Sweep) {
	d := opened(t, open)
	var values []float32
	for bits := uint64(0); bits < 1<<32; bits += s.Every {
		values = append(values, math.Float32frombits(uint32(bits)))
	}
	x := accel.TensorOf(values, 1, len(values))
	for _, fn := range accel.MapFns() {
		t.Run(string(fn), func(t *testing.T) { s.judge(t, d, accel.Map{Fn: fn, A: 0.25, B: 2}, x) })
	}
	// Pairs whose power is of any size, too: of most others it is 0 or infinite.
	random := seeded(t.Name())
	near, exponents := accel.NewTensor(x.Shape...), accel.NewTensor(x.Shape...)
	for i, v := range values {
		log2 := random.NormFloat64()
		near.Data[i], exponents.Data[i] = float32(math.Exp2(log2)), v
		if random.IntN(4) > 0 {
			exponents.Data[i] = float32((random.Float64()*250 - 125) / log2)
		}
	}
	for _, fn := range accel.BinaryFns() {
		op := accel.Binary{Fn: fn}
		t.Run(string(fn), func(t *testing.T) { s.judge(t, d, op, near, exponents) })
		t.Run(fmt.Sprint(fn, " of anything"), func(t *testing.T) { s.judge(t, d, op, x, exponents) })
	}
}

// judge compares an operator with float64.
func (s Sweep) judge(t *testing.T, d accel.Device, op accel.Op, in ...*accel.Tensor) {
	r := newRunner(t, d)
	defer r.close()
	b := &Builder{}
	var ids []accel.ValueID
	for _, x := range in {
		ids = append(ids, b.Input(accel.BatchShape(x.Shape[1])))
	}
	e := r.compile(b.Program(b.Step(op, ids...)), 1)
	got := r.run(e, 1, in, nil, false).outputs[0]
	want, err := plain.Eval(op, in)
	require.NoError(t, err)
	for i, y := range want[0].Data {
		if !s.alike(got[i], y, summand(op, in[0].Data[i])) {
			var of []float32
			for _, x := range in {
				of = append(of, x.Data[i])
			}
			t.Fatalf("%s of %v is %v, want %v", op.Kind(), of, got[i], y)
		}
	}
	require.NoError(t, e.Close())
}

// summand is what a function adds to something that may be as large: there the sum
// is small and its error is not.
func summand(op accel.Op, x float32) float64 {
	m, _ := op.(accel.Map)
	size := math.Abs(float64(x))
	switch m.Fn {
	case accel.HardSwish, accel.Silu, accel.Gelu, accel.GeluTanh:
		return size
	case accel.HardSigmoid, accel.Affine:
		return max(float64(m.A)*size, float64(m.B))
	}
	return 0
}

func (s Sweep) alike(got, want float32, summand float64) bool {
	const ulp, smallestNormal = 1.0 / (1 << 23), 0x1p-126
	g, w := float64(got), float64(want)
	switch {
	case g == w || g != g && w != w:
		return true
	case math.IsInf(g, 0) || math.IsInf(w, 0): // of which one may only just be
		return g*w > 0 && min(math.Abs(g), math.Abs(w)) > math.MaxFloat32*(1-s.Ulps*ulp)
	case math.IsInf(summand, 0):
		return false
	}
	least := s.Ulps * math.SmallestNonzeroFloat32
	if s.Flushed {
		least = smallestNormal
	}
	return math.Abs(g-w) <= s.Ulps*ulp*max(math.Abs(w), summand)+least
}
