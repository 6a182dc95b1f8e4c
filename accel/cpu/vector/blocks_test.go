package vector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// frames are the pixels that block functions are tried on: fewer and more than go
// side by side, with a gap between rows and without, and more than one stretch.
var frames = []struct{ height, width, gap int }{
	{1, 1, 0}, {1, 3, 0}, {1, 4, 0}, {3, 5, 0}, {2, 7, 2}, {8, 8, 2}, {7, 7, 0}, {4, 9, 1}, {40, 60, 1}, {1, 2000, 0},
}

// plane is one of these with drawn values, NaN between its rows.
func plane(rng *rand.Rand, lanes, height, width, gap int) Plane {
	p := Plane{draw(rng, height*(width+gap)*lanes), (width + gap) * lanes}
	for row := range height {
		for i := width * lanes; i < p.Line; i++ {
			p.Data[row*p.Line+i] = nan
		}
	}
	return p
}

func TestBlockMomentsAreThoseOfTheLoop(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(13, 14))
		for _, size := range frames {
			m := BlockMoments{
				X: plane(rng, f.Lanes, size.height, size.width, size.gap), Shift: draw(rng, f.Lanes),
				Height: size.height, Width: size.width,
			}
			want, got := m, m
			want.Sum, want.Squares = slices.Repeat([]float64{1}, f.Lanes), slices.Repeat([]float64{2}, f.Lanes)
			got.Sum, got.Squares = slices.Clone(want.Sum), slices.Clone(want.Squares)
			goBlockMoments(want)
			f.BlockMoments(got)
			for lane := range f.Lanes {
				require.InDelta(t, want.Sum[lane], got.Sum[lane], 1e-6*(8*float64(size.height*size.width)), "%v", size)
				require.InDelta(t, want.Squares[lane], got.Squares[lane], 1e-6*want.Squares[lane], "%v", size)
			}
		}
	})
}

func TestBlockAffineDoesWhatTheLoopDoes(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(15, 16))
		for _, size := range frames {
			for bits := range 4 {
				a := BlockAffine{
					X: plane(rng, f.Lanes, size.height, size.width, size.gap), Height: size.height, Width: size.width,
					Mean: draw(rng, f.Lanes), Scale: draw(rng, f.Lanes), Shift: draw(rng, f.Lanes), Low: -2, High: 3, Clip: bits&1 != 0,
				}
				if bits&2 != 0 {
					a.Residual = plane(rng, f.Lanes, size.height, size.width, size.gap+1)
				}
				a.X.Data[0] = nan
				want, got := a, a
				line := (size.width + 2) * f.Lanes
				want.Y = Plane{slices.Repeat([]float32{guard}, size.height*line), line}
				got.Y = Plane{slices.Clone(want.Y.Data), line}
				want.Low, want.High = bounds(a.Low, a.High, a.Clip)
				goBlockAffine(want)
				f.BlockAffine(got)
				requireAbout(t, want.Y.Data, got.Y.Data, fmt.Sprint(size, bits))
			}
		}
	})
}

func TestBlockAffineInPlace(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(17, 18))
		x, ones := plane(rng, f.Lanes, 3, 5, 0), slices.Repeat([]float32{1}, f.Lanes)
		want := make([]float32, len(x.Data))
		goAffine(want, x.Data, 2, 0)
		f.BlockAffine(BlockAffine{Y: x, X: x, Residual: x, Mean: ones, Scale: ones, Shift: ones, Height: 3, Width: 5})
		requireAbout(t, want, x.Data, "x - 1 + 1 + x")
	})
}

func TestColumnMomentsAreThoseOfTheLoop(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(19, 20))
		for _, columns := range lengths()[1:] {
			for _, rows := range []int{0, 1, 2, 5, 64, 65, 200} {
				x, shift := draw(rng, rows*columns), draw(rng, columns)
				wantSum, wantSquares := slices.Repeat([]float64{3}, columns), slices.Repeat([]float64{4}, columns)
				room := slices.Repeat([]float64{float64(guard)}, columns+8)
				sum, squares := room[:columns], slices.Clone(wantSquares)
				copy(sum, wantSum)
				goColumnMoments(wantSum, wantSquares, x, shift)
				f.ColumnMoments(sum, squares, x, shift)
				for c := range columns {
					require.InDelta(t, wantSum[c], sum[c], 1e-6*float64(8*rows+1), "%dx%d", rows, columns)
					require.InDelta(t, wantSquares[c], squares[c], 1e-6*wantSquares[c], "%dx%d", rows, columns)
				}
				require.Equal(t, slices.Repeat([]float64{float64(guard)}, 8), room[columns:])
			}
		}
	})
}

func TestColumnAffineDoesWhatTheLoopDoes(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(21, 22))
		for _, columns := range lengths()[1:] {
			rows, bits := 1+columns%5, columns%4
			a := ColumnAffine{
				X: draw(rng, rows*columns), Mean: draw(rng, columns), Scale: draw(rng, columns), Shift: draw(rng, columns),
				Low: -2, High: 3, Clip: bits&1 != 0,
			}
			if bits&2 != 0 {
				a.Residual = draw(rng, rows*columns)
			}
			a.X[0] = nan
			want, got := a, a
			want.Y = make([]float32, rows*columns)
			want.Low, want.High = bounds(a.Low, a.High, a.Clip)
			goColumnAffine(want)
			var all []float32
			got.Y, all = guarded(rows * columns)
			f.ColumnAffine(got)
			requireAbout(t, want.Y, got.Y, fmt.Sprintf("%dx%d", rows, columns))
			requireGuards(t, all, rows*columns)
			copy(got.Y, a.X)
			got.X = got.Y
			f.ColumnAffine(got)
			requireAbout(t, want.Y, got.Y, fmt.Sprintf("%dx%d in place", rows, columns))
		}
	})
}

func TestBlocksThatDoNotFitAreRefused(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		lane, wide := make([]float32, f.Lanes), make([]float64, f.Lanes)
		x := Plane{make([]float32, 6*f.Lanes), 3 * f.Lanes}
		moments := BlockMoments{X: x, Shift: lane, Sum: wide, Squares: wide, Height: 2, Width: 3}
		affine := BlockAffine{Y: x, X: x, Mean: lane, Scale: lane, Shift: lane, Height: 2, Width: 3}
		require.NotPanics(t, func() { f.BlockMoments(moments); f.BlockAffine(affine) })
		for name, harm := range map[string]func(){
			"more rows of moments": func() { m := moments; m.Height = 3; f.BlockMoments(m) },
			"few sums":             func() { m := moments; m.Sum = wide[:1]; f.BlockMoments(m) },
			"lines go back":        func() { m := moments; m.X.Line = -1; f.BlockMoments(m) },
			"more rows":            func() { a := affine; a.Height = 3; f.BlockAffine(a) },
			"short residual":       func() { a := affine; a.Residual = Plane{lane, 0}; f.BlockAffine(a) },
			"few scales":           func() { a := affine; a.Scale = lane[:1]; f.BlockAffine(a) },
			"half a row":           func() { f.ColumnMoments(wide, wide, lane[:f.Lanes-1], lane) },
			"short column operand": func() { f.ColumnAffine(ColumnAffine{Y: lane, X: lane[:1], Mean: lane, Scale: lane, Shift: lane}) },
		} {
			require.Panics(t, harm, name)
		}
	})
}

func TestBlockAndColumnFunctionsAllocateNothing(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x := draw(rand.New(rand.NewPCG(27, 28)), 6*f.Lanes)
		lanes, sums := x[:f.Lanes], make([]float64, f.Lanes)
		pixels := Plane{x, 6 * f.Lanes}
		require.Zero(t, testing.AllocsPerRun(10, func() {
			f.BlockMoments(BlockMoments{X: pixels, Shift: lanes, Sum: sums, Squares: sums, Height: 1, Width: 6})
			f.BlockAffine(BlockAffine{Y: pixels, X: pixels, Mean: lanes, Scale: lanes, Shift: lanes, Height: 1, Width: 6})
			f.ColumnMoments(sums, sums, x, lanes)
			f.ColumnAffine(ColumnAffine{Y: x, X: x, Mean: lanes, Scale: lanes, Shift: lanes})
		}))
	})
}
