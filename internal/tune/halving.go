package tune

import (
	"math"
	"slices"
)

const (
	// sideBySide is how many candidates all run to the end: below that, dropping
	// some saves little and risks the best.
	sideBySide = 16
	// eta is by how much prefixes grow and candidates become fewer; 3 is what the
	// authors of successive halving recommend.
	eta = 3
	// leastPrefix is how many rows a candidate is judged by at least.
	leastPrefix = 500
)

// rung is a place in the stream where candidates drop out.
type rung struct {
	rows int // seen by then
	keep int // candidates that go on
}

// schedule says when how many candidates drop out, over a stretch of rows. After
// the last rung, at the end of the stretch, one is left.
func schedule(candidates, rows int) []rung {
	if candidates <= sideBySide {
		return []rung{{rows, 1}}
	}
	prefix, steps := rows, 0
	for n := candidates; n >= eta && prefix/eta >= leastPrefix; n /= eta {
		prefix /= eta
		steps++
	}
	var rungs []rung
	for range steps {
		candidates = (candidates + eta - 1) / eta
		rungs = append(rungs, rung{prefix, candidates})
		prefix *= eta
	}
	return append(rungs, rung{rows, 1})
}

// best returns the places of the keep lowest scores, the lowest first; of equal
// scores the earlier comes first. A score that is not a number is the worst.
func best(scores []float64, keep int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := scores[a], scores[b]
		switch {
		case x == y || math.IsNaN(x) && math.IsNaN(y):
			return 0
		case x < y || math.IsNaN(y):
			return -1
		}
		return 1
	})
	return order[:min(keep, len(order))]
}
