package tune

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFewCandidatesAllRunToTheEnd(t *testing.T) {
	assert.Equal(t, []rung{{9000, 1}}, schedule(16, 9000))
}

func TestManyCandidatesDropOutAtGrowingPrefixes(t *testing.T) {
	tests := []struct {
		name             string
		candidates, rows int
		want             []rung
	}{
		{"thirds of ninths", 27, 27000, []rung{{1000, 9}, {3000, 3}, {9000, 1}, {27000, 1}}},
		{"uneven numbers round up", 65, 27000, []rung{{1000, 22}, {3000, 8}, {9000, 3}, {27000, 1}}},
		{"a short stream has fewer rungs", 65, 1800, []rung{{600, 22}, {1800, 1}}},
		{"a very short one has none", 65, 400, []rung{{400, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, schedule(tt.candidates, tt.rows)) })
	}
}

func TestBestKeepsTheLowestAndOfEqualsTheEarlier(t *testing.T) {
	assert.Equal(t, []int{2, 0, 3}, best([]float64{0.3, 0.5, 0.1, 0.3, 0.4}, 3))
	assert.Equal(t, []int{0}, best([]float64{0.2, 0.2, 0.2}, 1), "the settings in force win a tie")
	assert.Equal(t, []int{1, 2, 0}, best([]float64{math.NaN(), 1, 2}, 5), "what is not a number comes last")
}
