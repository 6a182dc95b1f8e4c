package tta_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

// sticky is a stream of differences in {-1, 0, 1} with mean 0 whose neighbours are
// equal with probability stay, as runs of easy and hard rows make them.
func sticky(r *rand.Rand, rows int, stay float64) []float64 {
	out := make([]float64, rows)
	now := float64(r.IntN(3) - 1)
	for i := range out {
		if r.Float64() > stay {
			now = float64(r.IntN(3) - 1)
		}
		out[i] = now
	}
	return out
}

func pairedOf(reach float64, differences []float64) *tta.Paired {
	p := tta.NewPaired(reach)
	for _, d := range differences {
		p.Add(d)
	}
	return p
}

func TestAPairedIntervalHoldsTheTruthOnStreamsWithAMemory(t *testing.T) {
	const streams = 400
	for _, c := range []struct {
		stay  float64
		rows  int
		least int // of 100 streams
	}{{0, 256, 92}, {0, 3000, 92}, {0.9, 1000, 92}, {0.98, 2000, 92}, {0.98, 20000, 92}, {0.99, 2000, 88}} { // the last has a memory longer than its blocks
		t.Run(fmt.Sprintf("neighbours equal at %g, %d rows", c.stay, c.rows), func(t *testing.T) {
			r := rand.New(rand.NewPCG(41, 43))
			held, naive := 0, 0
			for range streams {
				d := sticky(r, c.rows, c.stay)
				i := pairedOf(1, d).Interval()
				if i.Low <= 0 && 0 <= i.High {
					held++
				}
				if half := 1.96 * math.Sqrt(2.0/3/float64(c.rows)); math.Abs(i.Mean) <= half {
					naive++
				}
			}
			assert.GreaterOrEqual(t, held, streams*c.least/100)
			if c.stay > 0.9 {
				assert.Less(t, naive, streams/2, "an interval for independent rows would be right by luck")
			}
		})
	}
}

func TestAPairedMeanIsExactHoweverLongTheStream(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 53))
	for _, rows := range []int{1, 31, 32, 255, 256, 2047, 2048, 2049, 100_000} {
		d := sticky(r, rows, 0.5)
		want := 0.0
		for _, v := range d {
			want += v / float64(rows)
		}
		i := pairedOf(1, d).Interval()
		assert.InDelta(t, want, i.Mean, 1e-9, "%d rows", rows)
		assert.Equal(t, rows, i.Rows)
		assert.LessOrEqual(t, i.Low, i.Mean)
		assert.GreaterOrEqual(t, i.High, i.Mean)
	}
}

func TestTooFewRowsTellNothing(t *testing.T) {
	assert.Equal(t, tta.Interval{Low: -2, High: 2}, tta.NewPaired(2).Interval())
	few := pairedOf(1, make([]float64, 255)).Interval()
	assert.Equal(t, tta.Interval{Low: -1, High: 1, Rows: 255}, few)
	enough := pairedOf(1, make([]float64, 256)).Interval()
	assert.Equal(t, tta.Interval{Rows: 256}, enough, "256 rows without a difference")
}

func TestARevisedDifferenceMovesTheMeanAsIfItHadBeenSoAtOnce(t *testing.T) {
	for _, rows := range []int{1, 32, 40, 3000} {
		d := sticky(rand.New(rand.NewPCG(59, 61)), rows, 0.5)
		p := pairedOf(1, d)
		p.Revise(d[0], 1)
		d[0] = 1
		assert.InDelta(t, pairedOf(1, d).Interval().Mean, p.Interval().Mean, 1e-12, "%d rows", rows)
	}
}

// A predictor that is right on a tenth of the rows more than another is told from
// one that is not.
func ExamplePaired() {
	r := rand.New(rand.NewPCG(1, 2))
	p := tta.NewPaired(1)
	for range 10_000 {
		p.Add(float64(r.IntN(10) / 9))
	}
	i := p.Interval()
	fmt.Printf("%.3f, from %.3f to %.3f\n", i.Mean, i.Low, i.High)
	// Output: 0.105, from 0.100 to 0.111
}
