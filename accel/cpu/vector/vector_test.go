package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const guard = float32(-12345)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// eachFamily runs a test for every family this processor has.
func eachFamily(t *testing.T, test func(t *testing.T, f Family)) {
	for _, f := range families() {
		t.Run(f.Name, func(t *testing.T) { test(t, f) })
	}
}

// draw returns n numbers between -4 and 4.
func draw(rng *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = rng.Float32()*8 - 4
	}
	return values
}

// guarded returns n values with guards around them, and all of it.
func guarded(n int) (values, all []float32) {
	all = slices.Repeat([]float32{guard}, n+32)
	return all[16 : 16+n : 16+n], all
}

// requireGuards fails where something was written beside the values.
func requireGuards(t *testing.T, all []float32, n int) {
	t.Helper()
	for i, v := range all {
		if i < 16 || i >= 16+n {
			require.Equal(t, guard, v, "written beside the result, at %d of %d", i-16, n)
		}
	}
}

// requireNear compares relatively, to values at least 1e-30 in size; NaN and
// infinities must be where they are wanted.
func requireNear(t *testing.T, want, got []float32, tolerance float64, what string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		if g := got[i]; !near(float64(w), float64(g), tolerance) {
			t.Fatalf("%s: value %d of %d is %v, want %v", what, i, len(want), g, w)
		}
	}
}

func near(want, got, tolerance float64) bool {
	switch {
	case math.IsNaN(want) || math.IsNaN(got):
		return math.IsNaN(want) && math.IsNaN(got)
	case math.IsInf(want, 0) || math.IsInf(got, 0):
		return want == got
	}
	return math.Abs(want-got) <= tolerance*math.Max(math.Abs(want), 1e-30)
}

func TestNewFindsAFamilyByName(t *testing.T) {
	for _, f := range families() {
		got, err := New(f.Name)
		require.NoError(t, err)
		require.Equal(t, f.Name, got.Name)
	}
	auto, err := New("auto")
	require.NoError(t, err)
	require.Equal(t, families()[0].Name, auto.Name)
	_, err = New("mmx")
	require.ErrorContains(t, err, `"mmx"`)
	require.ErrorContains(t, err, "generic")
}

// lengths are those with every number of left-over lanes, of one register and of
// several.
func lengths() []int {
	if testing.Short() { // the race detector makes the plain loops slow
		return []int{0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 79, 100}
	}
	var n []int
	for i := range 101 {
		n = append(n, i)
	}
	return append(n, 197, 256, 1000)
}

// special values appear in operands where a function must pass them on.
func special(rng *rand.Rand, values []float32) {
	for _, v := range []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1))} {
		if len(values) > 0 {
			values[rng.IntN(len(values))] = v
		}
	}
}

func TestFlatFunctionsDoWhatTheLoopDoes(t *testing.T) {
	type flat func(f Family, y, a, b []float32)
	k := float32(1.75)
	cases := map[string]flat{
		"Add":         func(f Family, y, a, b []float32) { f.Add(y, a, b) },
		"Sub":         func(f Family, y, a, b []float32) { f.Sub(y, a, b) },
		"Mul":         func(f Family, y, a, b []float32) { f.Mul(y, a, b) },
		"Div":         func(f Family, y, a, b []float32) { f.Div(y, a, b) },
		"Max":         func(f Family, y, a, b []float32) { f.Max(y, a, b) },
		"Min":         func(f Family, y, a, b []float32) { f.Min(y, a, b) },
		"AddScalar":   func(f Family, y, a, _ []float32) { f.AddScalar(y, a, k) },
		"SubScalar":   func(f Family, y, a, _ []float32) { f.SubScalar(y, a, k) },
		"MulScalar":   func(f Family, y, a, _ []float32) { f.MulScalar(y, a, k) },
		"DivScalar":   func(f Family, y, a, _ []float32) { f.DivScalar(y, a, k) },
		"MaxScalar":   func(f Family, y, a, _ []float32) { f.MaxScalar(y, a, k) },
		"MinScalar":   func(f Family, y, a, _ []float32) { f.MinScalar(y, a, k) },
		"MaxOfNaN":    func(f Family, y, a, _ []float32) { f.MaxScalar(y, a, nan) },
		"MinOfNaN":    func(f Family, y, a, _ []float32) { f.MinScalar(y, a, nan) },
		"ScalarSub":   func(f Family, y, a, _ []float32) { f.ScalarSub(y, a, k) },
		"ScalarDiv":   func(f Family, y, a, _ []float32) { f.ScalarDiv(y, a, k) },
		"Clip":        func(f Family, y, a, _ []float32) { f.Clip(y, a, -1, k) },
		"Relu":        func(f Family, y, a, _ []float32) { f.Clip(y, a, 0, inf) },
		"Affine":      func(f Family, y, a, _ []float32) { f.Affine(y, a, k, 0.25) },
		"Standardize": func(f Family, y, a, _ []float32) { f.Standardize(y, a, 0.5, k, 0.25) },
		"HardSigmoid": func(f Family, y, a, _ []float32) { f.HardSigmoid(y, a, 0.2, 0.5) },
		"LeakyRelu":   func(f Family, y, a, _ []float32) { f.LeakyRelu(y, a, 0.1) },
		"HardSwish":   func(f Family, y, a, _ []float32) { f.HardSwish(y, a) },
		"Exp":         func(f Family, y, a, _ []float32) { f.Exp(y, a) },
		"Sigmoid":     func(f Family, y, a, _ []float32) { f.Sigmoid(y, a) },
		"Silu":        func(f Family, y, a, _ []float32) { f.Silu(y, a) },
		"Tanh":        func(f Family, y, a, _ []float32) { f.Tanh(y, a) },
		"Erf":         func(f Family, y, a, _ []float32) { f.Erf(y, a) },
		"Gelu":        func(f Family, y, a, _ []float32) { f.Gelu(y, a) },
		"GeluTanh":    func(f Family, y, a, _ []float32) { f.GeluTanh(y, a) },
	}
	goFamily := inGo()
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(1, 2))
		for name, call := range cases {
			for _, n := range lengths() {
				a, b, want := draw(rng, n), draw(rng, n), make([]float32, n)
				special(rng, a)
				special(rng, b)
				call(goFamily, want, a, b)
				what := fmt.Sprintf("%s of %d", name, n)

				y, all := guarded(n)
				call(f, y, a, b)
				requireAbout(t, want, y, what)
				requireGuards(t, all, n)
				for i, operand := range [][]float32{a, b} {
					y, all = guarded(n)
					copy(y, operand)
					aliased := [][]float32{a, b}
					aliased[i] = y
					call(f, y, aliased[0], aliased[1])
					requireAbout(t, want, y, what+" in place")
					requireGuards(t, all, n)
				}
			}
		}
	})
}

// requireAbout allows 1e-6 of the value, or of the operands' size where a sum
// cancels and a fused multiply-add does not round between.
func requireAbout(t *testing.T, want, got []float32, what string) {
	t.Helper()
	for i, w := range want {
		if !near(float64(w), float64(got[i]), 1e-6) && !(math.Abs(float64(w-got[i])) <= 1e-6) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], w)
		}
	}
}

func TestAnElementDoesNotDependOnWhereItStands(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x := draw(rand.New(rand.NewPCG(3, 4)), 64)
		for name, fn := range map[string]func(y, x []float32){
			"Exp": f.Exp, "Sigmoid": f.Sigmoid, "Silu": f.Silu, "Tanh": f.Tanh, "Erf": f.Erf, "Gelu": f.Gelu,
			"GeluTanh": f.GeluTanh, "HardSwish": f.HardSwish,
			"Affine": func(y, x []float32) { f.Affine(y, x, 1.1, 0.3) },
		} {
			whole, one := make([]float32, len(x)), make([]float32, 1)
			fn(whole, x)
			for i := range x {
				fn(one, x[i:i+1])
				require.Equal(t, whole[i], one[0], "%s of %v", name, x[i])
			}
		}
	})
}

func TestShortOperandsAreRefused(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		y, short := make([]float32, 20), make([]float32, 19, 40)
		for name, call := range map[string]func(){
			"Add":        func() { f.Add(y, y, short) },
			"MulScalar":  func() { f.MulScalar(y, short, 2) },
			"Exp":        func() { f.Exp(y, short) },
			"Dot":        func() { f.Dot(y, short) },
			"Softmax":    func() { f.Softmax(y, short) },
			"LayerNorm":  func() { f.LayerNorm(y, y, short, nil, 0) },
			"bias":       func() { f.LayerNorm(y, y, y, short, 0) },
			"MaxOf":      func() { f.MaxOf(nil) },
			"no largest": func() { f.ColumnLargest(nil, y, 20, 0) },
			"largest":    func() { f.ColumnLargest(short, y, 20, 1) },
			"columns":    func() { f.ColumnSoftmax(y, short, y[:1], make([]float64, 1)) },
		} {
			require.Panics(t, call, name)
		}
	})
}
