package tta

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStudentsQuantileAgreesWithTheTables(t *testing.T) {
	for freedom, want := range map[int]float64{7: 2.364624, 10: 2.228139, 20: 2.085963, 31: 2.039513, 63: 1.998341, 1000: 1.962339} {
		assert.InDelta(t, want, studentT(freedom), 1e-4, "%d degrees of freedom", freedom)
	}
}
