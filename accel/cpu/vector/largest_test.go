package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnLargestSortsEachColumn(t *testing.T) {
	eachFamily(t, func(t *testing.T, f Family) {
		rng := rand.New(rand.NewPCG(8, 9))
		for _, columns := range []int{1, 3, 8, 15, 16, 17, 32, 45} {
			for _, rows := range []int{0, 1, 2, 7, 40} {
				for k := 1; k <= mostLargest+2; k++ {
					x := draw(rng, rows*columns)
					for i := range x {
						x[i] = float32(math.Round(float64(x[i]))) // so that some are equal
					}
					y, all := guarded(k * columns)
					f.ColumnLargest(y, x, columns, k)
					requireGuards(t, all, len(y))
					require.Equal(t, largest(x, columns, k), y, fmt.Sprintf("%d largest of %d x %d", k, rows, columns))
				}
			}
		}
	})
}

// largest sorts each column of x and keeps k values of it.
func largest(x []float32, columns, k int) []float32 {
	y := make([]float32, k*columns)
	for c := range columns {
		column := slices.Repeat([]float32{-inf}, k)
		for at := c; at < len(x); at += columns {
			column = append(column, x[at])
		}
		slices.Sort(column)
		slices.Reverse(column)
		for i, v := range column[:k] {
			y[i*columns+c] = v
		}
	}
	return y
}
