package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPassesEndWhereImagesDo(t *testing.T) {
	for _, tt := range []struct{ lines, most, want int }{
		{8, 8, 8}, {2, 32, 32}, {2, 7, 6}, {4, 7, 4}, // whole images
		{14, 4, 4}, {7, 4, 4}, {10, 9, 5}, {14, 1, 1}, // equal parts of one
	} {
		got := evenly(tt.lines, tt.most)
		assert.Equal(t, tt.want, got, "%d lines, at most %d", tt.lines, tt.most)
	}
}

// TestPointsOfATileAreInDifferentSetsOfTheCache holds for any image: points lie an
// odd number of cache lines apart.
func TestPointsOfATileAreInDifferentSetsOfTheCache(t *testing.T) {
	for _, lanes := range []int{4, 8, 16} {
		for side := 1; side < 70; side++ {
			for channels := 16; channels <= 512; channels *= 2 {
				g := grid{lanes: lanes, blocks: channels / lanes, height: side, width: side}
				tiles := newWinogradTiles(&g, &g)
				stride := tiles.stride(g.blocks)
				assert.GreaterOrEqual(t, stride, g.blocks*tiles.pass*tiles.cols*lanes)
				assert.Equal(t, 1, stride/lineFloats%2)
				assert.Zero(t, stride%lineFloats)
			}
		}
	}
}
