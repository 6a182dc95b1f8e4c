package dense

import (
	"math"

	"ttad/accel/cpu/vector"
)

// Columns works on matrices whose columns are distributions: a row for each class
// and a column for each of many samples. What is done for a sample is then done for
// many at once, even where classes are few. What fills rows up to their step is
// worked on, too, and must be numbers.
type Columns struct {
	math       *Math
	top, sum   []float32 // by column
	ones, none []float32 // 1 and 0 by column
	scratch    []float32
}

// NewColumns returns Columns, whose scratch grows as it is needed.
func (m *Math) NewColumns() *Columns { return &Columns{math: m} }

// lowest is what exponents are held above: e^-60 is nothing beside 1, while
// arithmetic on numbers too small for float32's full precision is many times slower.
const lowest = -60

// Softmax replaces every column x of y by v*e^x, scaled to sum to 1: the softmax of
// log v + x without a logarithm. v is as large as y and above 0. It returns the sum
// over columns of the logarithms of sum v*e^x.
func (c *Columns) Softmax(y, v Matrix) float64 {
	c.resize(y)
	m := c.math
	c.fold(m.Max, c.top, y)
	m.ColumnAffine(vector.ColumnAffine{
		Y: y.Data, X: y.Data, Mean: c.top, Scale: c.ones, Shift: c.none, Clip: true, Low: lowest, High: 0,
	})
	m.Exp(y.Data, y.Data)
	m.Mul(y.Data, y.Data, v.Data)
	logs := m.Sum(c.top[:y.Columns])
	if y.Rows*y.Columns <= few {
		logs += exactLogs(y)
		c.Normalize(y)
		return logs
	}
	c.Normalize(y)
	return logs + sumOfLogs(c.sum[:y.Columns])
}

// few is up to how many values the sum of logarithms is exact beyond float32: the
// roundings of more values average out.
const few = 512

// Normalize scales every column to sum to 1.
func (c *Columns) Normalize(y Matrix) {
	c.resize(y)
	c.fold(c.math.Add, c.sum, y)
	c.math.ScalarDiv(c.top, c.sum, 1)
	c.math.ColumnAffine(vector.ColumnAffine{Y: y.Data, X: y.Data, Mean: c.none, Scale: c.top, Shift: c.none})
}

func (c *Columns) resize(y Matrix) {
	if len(c.ones) == y.Step && len(c.scratch) == len(y.Data) {
		return
	}
	rows := make([]float32, 4*y.Step)
	c.top, c.sum, c.ones, c.none = rows[:y.Step], rows[y.Step:2*y.Step], rows[2*y.Step:3*y.Step], rows[3*y.Step:]
	for i := range c.ones {
		c.ones[i] = 1
	}
	c.scratch = make([]float32, len(y.Data))
}

// fold writes into dst what op makes of each column of x. It halves the rows until
// one is left, which takes a few calls on many values each; sums are thus added up
// in pairs, pairs of pairs and so on, and long ones lose no more digits than short
// ones.
func (c *Columns) fold(op func(y, a, b []float32), dst []float32, x Matrix) {
	from, scratch, step := x.Data, c.scratch, x.Step
	for n := x.Rows; n > 1; {
		keep := (n + 1) / 2
		cut := (n - keep) * step
		op(scratch[:cut], from[:cut], from[keep*step:n*step])
		copy(scratch[cut:keep*step], from[cut:keep*step])
		from, n = scratch, keep
	}
	copy(dst, from[:step])
}

func exactLogs(y Matrix) float64 {
	logs := 0.0
	for i := range y.Columns {
		sum := 0.0
		for row := range y.Rows {
			sum += float64(y.Data[row*y.Step+i])
		}
		logs += math.Log(sum)
	}
	return logs
}

// sumOfLogs multiplies for as long as float64 has exponents for the product before
// it takes a logarithm.
func sumOfLogs(x []float32) float64 {
	const smallest, largest = 1e-200, 1e200
	sum, product := 0.0, 1.0
	for _, v := range x {
		product *= float64(v)
		if product < smallest || product > largest {
			sum, product = sum+math.Log(product), 1
		}
	}
	return sum + math.Log(product)
}
