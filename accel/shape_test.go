package accel_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/accel"
)

func TestElementsThatKernelsCanIndex(t *testing.T) {
	for _, tt := range []struct {
		extents []int
		want    int
	}{
		{nil, 1},
		{[]int{3, 0, math.MaxInt32}, 0},
		{[]int{3, -1}, -1},
		{[]int{accel.MaxElements}, accel.MaxElements},
		{[]int{accel.MaxElements + 1}, -1},
		{[]int{1 << 19, 1<<12 - 1}, 1<<31 - 1<<19},
		{[]int{1 << 16, 1 << 16}, -1},
		{[]int{math.MaxInt, math.MaxInt}, -1},
	} {
		assert.Equal(t, tt.want, accel.Elements(tt.extents), "%v", tt.extents)
	}
}

// Loops of kernels add at most a group's share to an index before they look whether it
// is beyond the end.
func TestAnIndexBeyondTheEndIsAnInt32(t *testing.T) {
	const share = 2048 // values of a group of norm_measure
	assert.LessOrEqual(t, accel.MaxElements+share, math.MaxInt32)
}
