package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// eachWinograd runs a test for the transforms of every family.
func eachWinograd(t *testing.T, test func(t *testing.T, w Winograd)) {
	for _, f := range families() {
		t.Run(f.Name, func(t *testing.T) { test(t, f.winograd) })
	}
}

// small returns n whole numbers, so that transforms are exact.
func small(rng *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.IntN(9) - 4)
	}
	return values
}

// guards returns n floats nobody may write.
func guards(n int) []float32 { return slices.Repeat([]float32{guard}, n) }

func TestWinogradInputDoesWhatThePlainLoopDoes(t *testing.T) {
	eachWinograd(t, func(t *testing.T, w Winograd) {
		rng := rand.New(rand.NewPCG(1, 2))
		for cols := 1; cols <= 13; cols++ {
			tiles := Tiles{Cols: cols}
			tiles.Line = (cols + 7) * w.Lanes
			tiles.Stride = tiles.count()*w.Lanes + 3
			tiles.Pixels = small(rng, 5*tiles.Line+(4*tiles.count()+2)*w.Lanes)
			tiles.Points = guards(TilePoints * tiles.Stride)
			w.Input(&tiles)
			got := tiles.Points
			tiles.Points = guards(TilePoints * tiles.Stride)
			plainInput(w.Lanes, &tiles)
			require.Equal(t, tiles.Points, got, "%d columns", cols)
		}
	})
}

// outputFixture is points of a row of tiles, and where their pixels go; bits adds
// a bias, a residual, bounds.
func outputFixture(w Winograd, rng *rand.Rand, rows, cols, bits int) *Tiles {
	t := &Tiles{Rows: rows, Cols: cols, Low: -9, High: 20, Clip: bits&4 != 0}
	t.Line, t.ResidualLine = (cols+1)*w.Lanes, (cols+2)*w.Lanes
	t.Stride = t.count()*w.Lanes + 5
	t.Points = small(rng, (TilePoints-1)*t.Stride+t.count()*w.Lanes)
	t.Pixels = guards((rows-1)*t.Line + cols*w.Lanes)
	if bits&1 != 0 {
		t.Bias = small(rng, w.Lanes)
	}
	if bits&2 != 0 {
		t.Residual = small(rng, (rows-1)*t.ResidualLine+cols*w.Lanes)
	}
	return t
}

func TestWinogradOutputDoesWhatThePlainLoopDoes(t *testing.T) {
	eachWinograd(t, func(t *testing.T, w Winograd) {
		rng := rand.New(rand.NewPCG(3, 4))
		for rows := 1; rows <= TilePixels; rows++ {
			for cols := 1; cols <= 9; cols++ {
				for bits := range 8 {
					tiles := outputFixture(w, rng, rows, cols, bits)
					w.Output(tiles)
					got := tiles.Pixels
					tiles.Pixels = guards(len(got))
					plainOutput(w.Lanes, tiles)
					require.Equal(t, tiles.Pixels, got, "%d rows, %d columns, epilogue %03b", rows, cols, bits)
				}
			}
		}
	})
}

func TestWinogradOutputLeavesWhatIsNotANumber(t *testing.T) {
	eachWinograd(t, func(t *testing.T, w Winograd) {
		tiles := outputFixture(w, rand.New(rand.NewPCG(5, 6)), 4, 4, 4)
		tiles.Points[0] = float32(math.NaN())
		w.Output(tiles)
		require.True(t, math.IsNaN(float64(tiles.Pixels[0])), "got %v", tiles.Pixels[0])
	})
}

func TestWinogradOutputMayBeAddedToItself(t *testing.T) {
	eachWinograd(t, func(t *testing.T, w Winograd) {
		tiles := outputFixture(w, rand.New(rand.NewPCG(7, 8)), 3, 7, 0)
		tiles.Residual, tiles.ResidualLine = tiles.Pixels, tiles.Line
		w.Output(tiles)
		got := tiles.Pixels
		tiles.Pixels = guards(len(got))
		tiles.Residual = tiles.Pixels
		plainOutput(w.Lanes, tiles)
		require.Equal(t, tiles.Pixels, got)
	})
}

// TestWinogradIsAConvolution puts the transforms together, one channel a lane.
// Weights that are multiples of 576 have whole points, so everything is exact.
func TestWinogradIsAConvolution(t *testing.T) {
	eachWinograd(t, func(t *testing.T, w Winograd) {
		rng := rand.New(rand.NewPCG(9, 10))
		const cols = 7
		tiles := Tiles{Rows: 4, Cols: cols, Line: 10 * w.Lanes, Stride: 2 * w.Lanes}
		image := small(rng, TileReach*tiles.Line)
		var weights [9]float64
		for i := range weights {
			weights[i] = float64(576 * (rng.IntN(5) - 2))
		}
		tiles.Pixels, tiles.Points = image, make([]float32, TilePoints*tiles.Stride)
		w.Input(&tiles)
		for k, v := range w.Weights(&weights) {
			for i := range tiles.Stride {
				tiles.Points[k*tiles.Stride+i] *= float32(v)
			}
		}
		tiles.Pixels = make([]float32, TilePixels*tiles.Line)
		w.Output(&tiles)
		for r := range TilePixels {
			for c := range cols {
				for lane := range w.Lanes {
					want := 0.0
					for i, v := range weights {
						want += v * float64(image[(r+i/3)*tiles.Line+(c+i%3)*w.Lanes+lane])
					}
					require.EqualValues(t, want, tiles.Pixels[r*tiles.Line+c*w.Lanes+lane], "row %d, column %d, lane %d", r, c, lane)
				}
			}
		}
	})
}

func TestWinogradRefusesToLeaveItsSlices(t *testing.T) {
	shorten := func(s []float32) []float32 { return s[:len(s)-1] }
	eachWinograd(t, func(t *testing.T, w Winograd) {
		for name, harm := range map[string]func(*Tiles){
			"points too short":   func(t *Tiles) { t.Points = shorten(t.Points) },
			"pixels too short":   func(t *Tiles) { t.Pixels = shorten(t.Pixels) },
			"residual too short": func(t *Tiles) { t.Residual = shorten(t.Residual) },
			"bias too short":     func(t *Tiles) { t.Bias = shorten(t.Bias) },
			"no rows":            func(t *Tiles) { t.Rows = 0 },
			"five rows":          func(t *Tiles) { t.Rows = 5 },
			"no columns":         func(t *Tiles) { t.Cols = 0 },
			"lines go back":      func(t *Tiles) { t.Line = -1 },
			"points go back":     func(t *Tiles) { t.Stride = -1 },
		} {
			tiles := outputFixture(w, rand.New(rand.NewPCG(11, 12)), 2, 6, 7)
			require.NotPanics(t, func() { w.Output(tiles) })
			harm(tiles)
			require.Panics(t, func() { w.Output(tiles) }, name)
		}
		pixels := make([]float32, 5*6*w.Lanes+6*w.Lanes)
		tiles := Tiles{Cols: 4, Line: 6 * w.Lanes, Stride: w.Lanes, Points: make([]float32, TilePoints*w.Lanes)}
		tiles.Pixels = pixels
		require.NotPanics(t, func() { w.Input(&tiles) })
		tiles.Pixels = shorten(pixels)
		require.Panics(t, func() { w.Input(&tiles) }, "input too short")
	})
}
