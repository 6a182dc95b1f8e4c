package dense

import "math"

// Columns makes softmaxes of columns: of matrices with a row for each class and a
// column for each sample. What is done for a sample is then done for many at once,
// even where classes are few.
type Columns struct {
	math *Math
	top  []float32 // by column
	sums []float64
}

// NewColumns returns Columns, whose scratch grows as it is needed.
func (m *Math) NewColumns() *Columns { return &Columns{math: m} }

// Softmax replaces every column x of y by v*e^x, scaled to sum to 1, as
// vector.Family.ColumnSoftmax does, and returns the sum over columns of the
// logarithms of sum v*e^x. v lies as y does; what fills the rows of both up must be
// numbers, and those of v above 0.
func (c *Columns) Softmax(y, v Matrix) float64 {
	if cap(c.top) < y.Step {
		c.top, c.sums = make([]float32, y.Step), make([]float64, y.Step)
	}
	top, sums := c.top[:y.Step], c.sums[:y.Step]
	c.math.ColumnSoftmax(y.Data, v.Data, top, sums)
	return c.math.Sum(top[:y.Columns]) + sumOfLogs(sums[:y.Columns])
}

// sumOfLogs multiplies for as long as float64 has exponents for the product before
// it takes a logarithm.
func sumOfLogs(x []float64) float64 {
	const smallest, largest = 1e-200, 1e200
	sum, product := 0.0, 1.0
	for _, v := range x {
		product *= v
		if product < smallest || product > largest {
			sum, product = sum+math.Log(product), 1
		}
	}
	return sum + math.Log(product)
}
