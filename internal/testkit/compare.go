package testkit

import (
	"math"
	"testing"
)

// MaxDiff returns the largest absolute difference and where it is. NaN against
// NaN is equal; NaN against a number is infinite.
func MaxDiff[A, B ~float32 | ~float64](got []A, want []B) (float64, int) {
	worst, at := 0.0, -1
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		d := math.Abs(g - w)
		switch {
		case g == w || math.IsNaN(g) && math.IsNaN(w):
			d = 0
		case math.IsNaN(d):
			d = math.Inf(1)
		}
		if d > worst {
			worst, at = d, i
		}
	}
	return worst, at
}

// Close fails the test unless every value is within tolerance of what is wanted.
func Close[A, B ~float32 | ~float64](t testing.TB, what string, got []A, want []B, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	if d, i := MaxDiff(got, want); d > tolerance {
		t.Fatalf("%s: value %d is %v, want %v: differs by %.3g, tolerance %.3g", what, i, got[i], want[i], d, tolerance)
	}
}
