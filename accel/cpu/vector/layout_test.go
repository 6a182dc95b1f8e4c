package vector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTransposeMovesEveryElement(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(23, 24))
		for _, rows := range []int{1, 3, 8, 9, 16, 17, 32, 49} {
			for _, cols := range []int{1, 4, 8, 15, 16, 24, 31, 64} {
				for gap := range 2 {
					xStep, yStep := cols+gap, rows+3*gap
					x := draw(rng, rows*xStep)
					want := slices.Repeat([]float32{guard}, cols*yStep)
					for r := range rows {
						for c := range cols {
							want[c*yStep+r] = x[r*xStep+c]
						}
					}
					y := slices.Repeat([]float32{guard}, cols*yStep)
					f.Transpose(y, x, rows, cols, yStep, xStep)
					require.Equal(t, want, y, "%dx%d, gap %d", rows, cols, gap)
				}
			}
		}
	})
}

func TestInterleaveGathersChannelsAndClearsTheRest(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(25, 26))
		for _, lanes := range []int{1, 2, 3, pixelLanes, f.Lanes} {
			for channels := 1; channels <= lanes; channels++ {
				for _, pixels := range []int{1, 7, 8, 15, 16, 17, 49} {
					plane := pixels + 3
					x := draw(rng, channels*plane)
					want := slices.Repeat([]float32{0}, pixels*lanes)
					for p := range pixels {
						for c := range channels {
							want[p*lanes+c] = x[c*plane+p]
						}
					}
					what := fmt.Sprintf("%d channels of %d, %d pixels", channels, lanes, pixels)
					y, all := guarded(pixels * lanes)
					f.Interleave(y, x, channels, lanes, pixels, plane)
					require.Equal(t, want, y, what)
					requireGuards(t, all, pixels*lanes)
					back := slices.Clone(x)
					clear(back)
					f.Deinterleave(back, y, channels, lanes, pixels, plane)
					for c := range channels {
						require.Equal(t, x[c*plane:][:pixels], back[c*plane:][:pixels], what)
					}
				}
			}
		}
	})
}

func TestMatricesThatDoNotFitAreRefused(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		x := make([]float32, 64)
		require.Panics(t, func() { f.Transpose(x, x[:63:63], 8, 8, 8, 8) }, "short x")
		require.Panics(t, func() { f.Transpose(x[:63:63], x, 8, 8, 8, 8) }, "short y")
		require.Panics(t, func() { f.Transpose(x, x, 8, 8, 7, 8) }, "columns overlap")
		require.Panics(t, func() { f.Interleave(x[:63:63], x, 3, 4, 16, 16) }, "short pixels")
		require.Panics(t, func() { f.Interleave(x, x[:47:47], 3, 4, 16, 16) }, "short plane")
		require.Panics(t, func() { f.Interleave(x[:47:47], x, 3, 3, 16, 16) }, "short pixels of three")
		require.Panics(t, func() { f.Interleave(x, x[:31:31], 2, 2, 16, 16) }, "short plane of two")
		require.Panics(t, func() { f.Interleave(x, x[16:], 2, 4, 16, -1) }, "planes before x")
	})
}
