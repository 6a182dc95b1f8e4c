package onnx

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

func form2(perRow, fixed int) accel.Dim { return accel.Dim{PerRow: perRow, Fixed: fixed} }

func TestShapeArithmeticHoldsForEveryRowCount(t *testing.T) {
	n := form2(1, 0)
	tests := []struct {
		name string
		fn   accel.BinaryFn
		a, b accel.Dim
		want accel.Dim
		at   func(a, b int) int
	}{
		{"windows of a batch", accel.Mul, n, accel.Fixed(4), form2(4, 0), func(a, b int) int { return a * b }},
		{"rows of windows", accel.Div, form2(4, 0), accel.Fixed(4), n, func(a, b int) int { return a / b }},
		{"windows per row", accel.Div, form2(4, 0), n, accel.Fixed(4), func(a, b int) int { return a / b }},
		{"rounding toward zero", accel.Div, accel.Fixed(-7), accel.Fixed(2), accel.Fixed(-3), func(a, b int) int { return a / b }},
		{"halves of a linear form", accel.Div, form2(2, 1), accel.Fixed(2), n, func(a, b int) int { return a / b }},
		{"one token more", accel.Add, form2(4, 0), accel.Fixed(1), form2(4, 1), func(a, b int) int { return a + b }},
		{"difference", accel.Sub, form2(4, 1), n, form2(3, 1), func(a, b int) int { return a - b }},
		{"remainder of a multiple", accel.Mod, form2(4, 6), accel.Fixed(4), accel.Fixed(2), func(a, b int) int { return a % b }},
		{"remainder with the divisor's sign", accel.Mod, accel.Fixed(-1), accel.Fixed(4), accel.Fixed(3), func(int, int) int { return 3 }},
		{"larger", accel.Max, n, accel.Fixed(1), n, func(a, b int) int { return max(a, b) }},
		{"smaller", accel.Min, form2(2, 0), n, n, func(a, b int) int { return min(a, b) }},
		{"never equal", accel.Equal, n, accel.Fixed(-1), accel.Fixed(0), func(int, int) int { return 0 }},
		{"always below", accel.Less, n, form2(1, 1), accel.Fixed(1), func(int, int) int { return 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := integerForms()[tt.fn](tt.a, tt.b)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			for rows := 1; rows < 6; rows++ {
				assert.Equal(t, tt.at(tt.a.At(rows), tt.b.At(rows)), got.At(rows), "at %d rows", rows)
			}
		})
	}
}

func TestShapeArithmeticRefusesWhatDependsOnTheBatch(t *testing.T) {
	n := form2(1, 0)
	tests := []struct {
		name string
		fn   accel.BinaryFn
		a, b accel.Dim
		says string
	}{
		{"square", accel.Mul, n, n, "N times N is not a linear function of the number of rows"},
		{"half a row", accel.Div, n, accel.Fixed(2), "N over 2 is not a linear function"},
		{"remainder", accel.Mod, n, accel.Fixed(2), "N modulo 2 is not a linear function"},
		{"equality", accel.Equal, n, accel.Fixed(5), "whether N equals 5 depends on the number of rows"},
		{"order", accel.Less, n, accel.Fixed(5), "whether N is below 5 depends on the number of rows"},
		{"nothing", accel.Div, n, accel.Fixed(0), "division by zero"},
		{"overflow", accel.Mul, accel.Fixed(1 << 40), accel.Fixed(1 << 40), "integer overflow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := integerForms()[tt.fn](tt.a, tt.b)
			require.ErrorContains(t, err, tt.says)
		})
	}
}
