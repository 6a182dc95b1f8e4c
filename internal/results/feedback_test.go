package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// truth has 10 classes in turn.
func truth(rows int) []int {
	y := make([]int, rows)
	for i := range y {
		y[i] = i % 10
	}
	return y
}

func count(told []int, is func(row, class int) bool) (n int) {
	for row, class := range told {
		if is(row, class) {
			n++
		}
	}
	return n
}

func TestAFloodIsTenTimesAsManyTrueLabels(t *testing.T) {
	const rows = 10_000
	y := truth(rows)
	for _, keep := range []float64{0.05, 0.5} {
		told := share(y, keep)
		assert.InDelta(t, keep*rows, count(told, func(_, c int) bool { return c != unheard }), 200)
		assert.Zero(t, count(told, func(row, c int) bool { return c != unheard && c != y[row] }))
	}
}

func TestFlippedLabelsAreOfAnotherClass(t *testing.T) {
	const rows = 10_000
	y := truth(rows)
	told := flipped(y, 10, 0.2)
	wrong := count(told, func(row, c int) bool { return c != y[row] })
	assert.InDelta(t, 0.2*rows, wrong, 200)
	for class := range 10 {
		assert.InDelta(t, wrong/10, count(told, func(row, c int) bool { return c == class && c != y[row] }), 60, "no class is preferred")
	}
	assert.Zero(t, count(told, func(_, c int) bool { return c < 0 || c > 9 }))
}

func TestOneClassOnlyLeavesTheOthersUnheard(t *testing.T) {
	assert.Equal(t, []int{unheard, 1, unheard, 1}, only([]int{0, 1, 2, 1}, 1))
	assert.Equal(t, []int{0, 1, unheard, 1}, onlyLater([]int{0, 1, 2, 1}, 1))
}

func TestEveryAttackHasAName(t *testing.T) {
	names := map[string]bool{}
	for _, a := range attacks(10) {
		require.Len(t, a.tell(truth(20), 10), 20)
		assert.NotEmpty(t, a.about)
		names[a.name] = true
	}
	assert.Len(t, names, 7)
}
