package replay

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSlidingIsTheShareOfTheLastRows(t *testing.T) {
	right := []bool{true, true, false, false, true, true}
	x, y := sliding(right, 2)
	assert.Equal(t, []float64{2, 3, 4, 5, 6}, x)
	assert.Equal(t, []float64{1, 0.5, 0, 0.5, 1}, y)

	x, y = sliding(right[:3], 10)
	assert.Equal(t, []float64{3}, x, "fewer rows than a window are one point")
	assert.InDelta(t, 2.0/3, y[0], 1e-12)
}

func TestSlidingCurvesStayShort(t *testing.T) {
	x, y := sliding(make([]bool, 100_000), 1000)
	assert.Len(t, x, curvePoints-3, "the window fills before the first point")
	assert.Len(t, y, len(x))
	assert.Equal(t, 100_000.0, x[len(x)-1], "the last row is on the curve")
}
