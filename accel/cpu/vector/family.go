package vector

import (
	"fmt"
	"strings"
)

// Family is the functions of one instruction set. Copies share what they point to,
// which nobody changes.
type Family struct {
	Name  string // as New takes it
	Lanes int    // channels of a block

	*functions
}

// functions are what the methods of a Family call once they have checked that
// operands fit. Their documentation is that of the methods.
type functions struct {
	add, sub, mul, div, larger, smaller                                     func(y, a, b []float32)
	addScalar, subScalar, mulScalar, divScalar, largerScalar, smallerScalar func(y, x []float32, k float32)
	scalarSub, scalarDiv, leakyRelu                                         func(y, x []float32, k float32)

	clip, affine, hardSigmoid func(y, x []float32, a, b float32)
	standardize               func(y, x []float32, mean, k, b float32)

	exp, sigmoid, silu, tanh, erf, gelu, geluTanh, hardSwish func(y, x []float32)

	sum        func(x []float32) float64
	most       func(x []float32) float32
	dot        func(a, b []float32) float32
	sumShifted func(x []float32, m float32) (sum, squares float64)
	expSum     func(y, x []float32, m float32) float64
	placewise  func(y, x, scale, bias []float32, mean, factor float32)

	blockMoments  func(BlockMoments)
	blockAffine   func(BlockAffine)
	columnMoments func(sum, squares []float64, x, shift []float32)
	columnAffine  func(ColumnAffine)
	columnLargest func(y, x []float32, columns, rows, k int)          // nil for Go
	entropy       func(p []float32) float64                           // the same
	columnSoftmax func(y, v, top []float32, sums []float64, rows int) // the same

	transpose   func(y, x []float32, rows, cols, yStep, xStep int)
	interleave4 func(y, x []float32, channels, pixels, plane int)
	pixels      func(y, x []float32, channels, pixels, plane int)
}

// New returns the family of that name, or for "auto" the fastest this processor
// can run. The error lists those it can.
func New(name string) (Family, error) {
	all := families()
	if name == "auto" {
		return all[0], nil
	}
	var names []string
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Family{}, fmt.Errorf("vector functions for %q: this processor and build have %s, or auto for the first", name, strings.Join(names, ", "))
}
