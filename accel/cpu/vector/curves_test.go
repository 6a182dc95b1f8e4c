package vector

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// sweep is numbers from -reach to reach, and of every size near zero.
func sweep(reach float64) []float32 {
	var x []float32
	for e := 1e-20; e < reach; e *= 1.01 {
		x = append(x, float32(e), float32(-e))
	}
	for v := -reach; v < reach; v += 0.0037 {
		x = append(x, float32(v))
	}
	return append(x, 0)
}

// TestCurvesAreWithinTheirTolerance holds the functions against float64; the size
// is what an error is measured in.
func TestCurvesAreWithinTheirTolerance(t *testing.T) {
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	relative := func(x, y float64) float64 { return math.Abs(y) }
	input := func(x, y float64) float64 { return math.Max(math.Abs(x), 1e-30) }
	const ulp = 1.0 / (1 << 23)
	cases := []struct {
		name      string
		fn        func(Family) func(y, x []float32)
		want      func(x float64) float64
		reach     float64
		tolerance float64
		size      func(x, y float64) float64
	}{
		{"Exp", func(f Family) func(y, x []float32) { return f.Exp }, math.Exp, 87, 2 * ulp, relative},
		{"Sigmoid", func(f Family) func(y, x []float32) { return f.Sigmoid }, sigma, 80, 4 * ulp, relative},
		{"Silu", func(f Family) func(y, x []float32) { return f.Silu }, func(x float64) float64 { return x * sigma(x) }, 80, 5 * ulp, relative},
		{"Tanh", func(f Family) func(y, x []float32) { return f.Tanh }, math.Tanh, 100, 8 * ulp, relative},
		{"Erf", func(f Family) func(y, x []float32) { return f.Erf }, math.Erf, 100, 5 * ulp, relative},
		{"Gelu", func(f Family) func(y, x []float32) { return f.Gelu }, func(x float64) float64 { return x * phi(x) }, 100, 3 * ulp, input},
		{"GeluTanh", func(f Family) func(y, x []float32) { return f.GeluTanh }, func(x float64) float64 {
			return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2
		}, 100, 5 * ulp, input},
	}
	eachFamily(t, func(t *testing.T, f Family) {
		for _, c := range cases {
			x := sweep(c.reach)
			y := make([]float32, len(x))
			c.fn(f)(y, x)
			for i, v := range x {
				want := c.want(float64(v))
				require.LessOrEqual(t, math.Abs(float64(y[i])-want), c.tolerance*c.size(float64(v), want)+1e-38,
					"%s of %v is %v, want %v", c.name, v, y[i], want)
			}
		}
	})
}

func TestCurvesAtTheEndsOfTheirRange(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x := []float32{nan, inf, -inf, 1e30, -1e30, 89, -106}
		for _, c := range []struct {
			name string
			fn   func(y, x []float32)
			want []float32
		}{
			{"Exp", f.Exp, []float32{nan, inf, 0, inf, 0, inf, 0}},
			{"Sigmoid", f.Sigmoid, []float32{nan, 1, 0, 1, 0, 1, 0}},
			{"Tanh", f.Tanh, []float32{nan, 1, -1, 1, -1, 1, -1}},
			{"Erf", f.Erf, []float32{nan, 1, -1, 1, -1, 1, -1}},
		} {
			y := make([]float32, len(x))
			c.fn(y, x)
			requireNear(t, c.want, y, 0, c.name)
		}
		y := make([]float32, 1)
		f.Gelu(y, []float32{-1e30})
		require.Zero(t, y[0], "Gelu of a number far below zero")
	})
}

func TestExpOfTheSmallestAndTheLargest(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x := []float32{88.7, -87, -90, -100, -103}
		y := make([]float32, len(x))
		f.Exp(y, x)
		for i, v := range x {
			want := math.Exp(float64(v))
			require.InDelta(t, want, y[i], math.Max(want*3e-7, math.SmallestNonzeroFloat32), "e^%v", v)
		}
	})
}
