package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

type sifter func(left, right []float32, limits *[tileRows]float32, sums *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool

// Whole numbers make sums exact, so that every kernel must agree with the loops on
// which similarities exceed a limit and which only reach it.
func TestSiftNotesWhatExceedsItsLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, kernel := range sifts() {
		t.Run(name, func(t *testing.T) {
			for round := range 200 {
				depth := 1 + round%9
				left, right := whole(r, depth*tileRows), whole(r, depth*tileCols)
				if round%10 == 0 {
					right[r.IntN(len(right))] = float32(math.NaN())
				}
				var limits [tileRows]float32
				for i := range limits {
					limits[i] = float32(r.IntN(40))
				}
				for i := range r.IntN(tileRows) { // padding
					limits[tileRows-1-i] = float32(math.Inf(1))
				}
				var sums, got [tileRows * tileCols]float32
				got[0], got[len(got)-1] = 5, 5 // to be written over
				want, any := [tileRows]uint32{}, false
				for i := range tileRows {
					for j := range tileCols {
						for d := range depth {
							sums[i*tileCols+j] += left[d*tileRows+i] * right[d*tileCols+j]
						}
						if sums[i*tileCols+j] > limits[i] {
							want[i] |= 1 << j
							any = true
						}
					}
				}
				hits := [tileRows]uint32{1, 1}
				require.Equal(t, any, kernel(left, right, &limits, &got, &hits))
				require.Equal(t, want, hits)
				for i := range sums {
					if want[i/tileCols]&(1<<(i%tileCols)) != 0 {
						require.Equal(t, sums[i], got[i])
					}
				}
			}
		})
	}
}

func whole(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.IntN(9) - 4)
	}
	return out
}
