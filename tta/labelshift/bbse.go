package labelshift

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// maxCondition is the worst condition number of a confusion matrix whose inversion
// is trusted: beyond it, noise in the predicted rates is all there is to see.
const maxCondition = 1e3

// inverse solves C w = m for a confusion matrix C, predicted rates m and the
// ratios w of target to source prior.
type inverse struct {
	matrix [][]float64 // C^-1
	joint  [][]float64 // C
	source []float64   // column sums of C
}

// Condition is the condition number in the 1-norm: how much larger, relatively, an
// error of the predicted rates can come out in the prior. A matrix that tells
// nothing about some class has none, which is said as MaxFloat64.
func (c *Confusion) Condition() float64 {
	_, condition := c.inverted()
	return condition
}

// Invertible is nil where estimate bbse can use the matrix, and else says why not.
func (c *Confusion) Invertible() error {
	_, err := c.invert()
	return err
}

// inverted returns the inverse, nil for none, and the condition number.
func (c *Confusion) inverted() ([][]float64, float64) {
	m, ok := invertMatrix(c.Joint)
	if !ok {
		return nil, math.MaxFloat64
	}
	condition := norm1(c.Joint) * norm1(m)
	if !(condition <= math.MaxFloat64) {
		return nil, math.MaxFloat64
	}
	return m, condition
}

// invert refuses what is too near to singular.
func (c *Confusion) invert() (*inverse, error) {
	m, condition := c.inverted()
	switch {
	case m == nil:
		return nil, errors.New("the confusion matrix has no inverse: the model never answers some class, or answers as often for one as for another. " +
			"Use estimate: mean_softmax")
	case condition > maxCondition:
		return nil, fmt.Errorf("the confusion matrix has condition number %.3g, and over %g its inverse is noise: "+
			"the model tells some classes apart too badly, or has seen too few rows of them. Use estimate: mean_softmax", condition, maxCondition)
	}
	return &inverse{matrix: m, joint: c.Joint, source: c.SourcePrior()}, nil
}

// prior writes the target prior that explains the predicted rates. Negative
// weights, which no prior could have caused, count as 0.
func (v *inverse) prior(dst, predicted []float64) {
	for j, w := range v.weights(predicted) {
		dst[j] = math.Max(w, 0) * v.source[j]
	}
	floorInPlace(dst, 0)
}

func (v *inverse) weights(predicted []float64) []float64 { return multiply(v.matrix, predicted) }

// rates are the predicted rates a prior causes.
func (v *inverse) rates(prior []float64) []float64 {
	w := make([]float64, len(prior))
	for j := range w {
		w[j] = prior[j] / v.source[j]
	}
	return multiply(v.joint, w)
}

func multiply(m [][]float64, x []float64) []float64 {
	y := make([]float64, len(m))
	for i, row := range m {
		for j, v := range row {
			y[i] += v * x[j]
		}
	}
	return y
}

// norm1 is the largest sum of magnitudes in a column.
func norm1(m [][]float64) float64 {
	sums := make([]float64, len(m))
	for _, row := range m {
		for j, v := range row {
			sums[j] += math.Abs(v)
		}
	}
	return slices.Max(sums)
}

// invertMatrix is Gauss-Jordan elimination with the largest pivot of each column.
func invertMatrix(m [][]float64) ([][]float64, bool) {
	n := len(m)
	a := make([][]float64, n) // [m | identity]
	for i := range a {
		a[i] = append(slices.Clone(m[i]), make([]float64, n)...)
		a[i][n+i] = 1
	}
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[pivot][c]) {
				pivot = r
			}
		}
		if a[pivot][c] == 0 {
			return nil, false
		}
		a[c], a[pivot] = a[pivot], a[c]
		eliminate(a, c)
	}
	for i := range a {
		a[i] = a[i][n:]
	}
	return a, true
}

// eliminate scales row c to a pivot of 1 and clears column c everywhere else.
func eliminate(a [][]float64, c int) {
	scale := a[c][c]
	for j := range a[c] {
		a[c][j] /= scale
	}
	for r := range a {
		factor := a[r][c]
		if r == c || factor == 0 {
			continue
		}
		for j := range a[r] {
			a[r][j] -= factor * a[c][j]
		}
	}
}
