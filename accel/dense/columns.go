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

// sumOfLogs multiplies for as long as float64 has exponents for the products before
// it takes logarithms. Four products grow side by side, for each multiplication
// waits for the one before.
func sumOfLogs(x []float64) float64 {
	sum, p := 0.0, [4]float64{1, 1, 1, 1}
	for ; len(x) >= len(p); x = x[len(p):] {
		p[0], p[1], p[2], p[3] = p[0]*x[0], p[1]*x[1], p[2]*x[2], p[3]*x[3]
		if extreme(p[0]) || extreme(p[1]) || extreme(p[2]) || extreme(p[3]) {
			sum += logOf(&p)
		}
	}
	for _, v := range x {
		sum += math.Log(v)
	}
	return sum + logOf(&p)
}

// extreme says that another factor might be too much.
func extreme(p float64) bool { return p < 1e-200 || p > 1e200 }

// logOf is the logarithm of the products, which begin anew.
func logOf(p *[4]float64) float64 {
	sum := math.Log(p[0]) + math.Log(p[1]) + math.Log(p[2]) + math.Log(p[3])
	*p = [4]float64{1, 1, 1, 1}
	return sum
}
