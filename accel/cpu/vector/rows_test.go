package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sizes is a sum of magnitudes, which rounding is measured against.
func sizes(x []float32, of func(float64) float64) float64 {
	sum := 1e-30
	for _, v := range x {
		sum += math.Abs(of(float64(v)))
	}
	return sum
}

func TestSumsAreThoseOfTheLoop(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, n := range append(lengths(), 3*sumRun+5) {
			a, b := draw(rng, n), draw(rng, n)
			require.InDelta(t, goSum(a), f.Sum(a), 1e-12*sizes(a, func(v float64) float64 { return v }), "sum of %d", n)
			products := make([]float32, n)
			goMul(products, a, b)
			require.InDelta(t, goDot(a, b), f.Dot(a, b), 1e-6*sizes(products, func(v float64) float64 { return v }), "dot of %d", n)
			sum, squares := f.SumShifted(a, 0.5)
			wantSum, wantSquares := goSumShifted(a, 0.5)
			require.InDelta(t, wantSum, sum, 1e-6*sizes(a, func(v float64) float64 { return v - 0.5 }), "shifted sum of %d", n)
			require.InDelta(t, wantSquares, squares, 1e-6*wantSquares, "shifted squares of %d", n)
		}
	})
}

func TestSumsKeepWhatIsNotANumber(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		for _, n := range []int{1, 7, 16, 33, 70} {
			for at := range n {
				x := make([]float32, n)
				x[at] = nan
				sum, squares := f.SumShifted(x, 0)
				require.True(t, math.IsNaN(f.Sum(x)), "sum, NaN at %d of %d", at, n)
				require.True(t, math.IsNaN(sum) && math.IsNaN(squares), "shifted, NaN at %d of %d", at, n)
				require.True(t, math.IsNaN(float64(f.Dot(x, x))), "dot, NaN at %d of %d", at, n)
				require.True(t, math.IsNaN(float64(f.MaxOf(x))), "largest, NaN at %d of %d", at, n)
			}
		}
	})
}

func TestMaxOfFindsTheLargestWhereverItIs(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		for _, n := range []int{1, 2, 15, 16, 17, 64, 65, 100} {
			for at := range n {
				x := slices.Repeat([]float32{-7}, n)
				x[at] = -3
				require.Equal(t, float32(-3), f.MaxOf(x), "at %d of %d", at, n)
			}
		}
	})
}

func TestSoftmaxIsThatOfFloat64(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(7, 8))
		for _, n := range lengths()[1:] {
			x := draw(rng, n)
			top, sum := float64(goMaxOf(x)), 0.0
			for _, v := range x {
				sum += math.Exp(float64(v) - top)
			}
			want, logs := make([]float32, n), make([]float32, n)
			for i, v := range x {
				logs[i] = float32(float64(v) - top - math.Log(sum))
				want[i] = float32(math.Exp(float64(v)-top) / sum)
			}
			got, all := guarded(n)
			f.LogSoftmax(got, x)
			requireAbout(t, logs, got, "log softmax")
			requireGuards(t, all, n)
			copy(got, x)
			f.Softmax(got, got)
			requireNear(t, want, got, 1e-6, "softmax")
			requireGuards(t, all, n)
			require.InDelta(t, 1, goSum(got), 1e-6)
		}
	})
}

func TestSoftmaxOfHugeNumbersDoesNotOverflow(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		y := make([]float32, 3)
		f.Softmax(y, []float32{1e30, 1e30, -inf})
		require.Equal(t, []float32{0.5, 0.5, 0}, y)
		f.Softmax(y, []float32{1, nan, 2})
		requireNear(t, []float32{nan, nan, nan}, y, 0, "softmax with NaN")
	})
}

func TestLayerNormIsThatOfFloat64(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(9, 10))
		for _, n := range lengths()[2:] {
			for _, offset := range []float32{0, 300} {
				x, scale, bias := draw(rng, n), draw(rng, n), draw(rng, n)
				for i := range x {
					x[i] += offset
				}
				for _, b := range [][]float32{bias, nil} {
					want := layerNorm(x, scale, b, 1e-5)
					got, all := guarded(n)
					copy(got, x)
					f.LayerNorm(got, got, scale, b, 1e-5)
					for i := range want {
						require.InDelta(t, want[i], got[i], 1e-5*(1+math.Abs(want[i]))*math.Max(1, float64(offset)/30), "value %d of %d", i, n)
					}
					requireGuards(t, all, n)
				}
			}
		}
	})
}

// layerNorm is the definition in float64.
func layerNorm(x, scale, bias []float32, eps float64) []float64 {
	var mean, variance float64
	n := float64(len(x))
	for _, v := range x {
		mean += float64(v) / n
	}
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / n
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (float64(v) - mean) / math.Sqrt(variance+eps) * float64(scale[i])
		if bias != nil {
			y[i] += float64(bias[i])
		}
	}
	return y
}

func TestRowFunctionsAllocateNothing(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x, y := draw(rand.New(rand.NewPCG(11, 12)), 200), make([]float32, 200)
		require.Zero(t, testing.AllocsPerRun(10, func() {
			f.Softmax(y, x)
			f.LayerNorm(y, x, x, x, 1e-5)
			f.Gelu(y, x)
			f.AddScalar(y, x, f.Dot(x, y))
		}))
	})
}
