package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// columnFold folds an axis whose elements lie apart, but those of neighbouring
// results side by side: result after result would jump through memory, so it goes
// row by row.
type columnFold struct {
	fn      accel.ReduceFn
	vectors vector.Family
	part    []float32 // [stripFloats]
	rows    view      // where the rows that are folded begin
	n       int       // of them
}

const (
	// stripFloats is how many results are folded together, so that they stay in
	// the cache.
	stripFloats = 1024
	// partRows is how many rows are added up before they join the rest, and
	// trustedRows how many float32 is trusted with that way.
	partRows    = 16
	trustedRows = 4096
)

// byColumns reports whether results that lie together are folded that way.
func (s *reduceStep) byColumns(folded *view, n int) bool {
	switch s.op.Fn {
	case accel.ReduceSum, accel.ReduceMean, accel.ReduceMax, accel.ReduceMin:
		return folded.stride[0][folded.rank-1] != 1 && n > 0 && n <= trustedRows
	}
	return false
}

func (c *columnFold) run(y, x []float32) {
	for len(y) > 0 {
		strip := min(len(y), stripFloats)
		c.strip(y[:strip], x)
		y, x = y[strip:], x[min(strip, len(x)):]
	}
}

func (c *columnFold) strip(y, x []float32) {
	part, row := c.part[:len(y)], 0
	step := c.rows.stride[0][c.rows.rank-1]
	c.rows.walk(0, c.n, func(_, count int, at [3]int) {
		for i := range count {
			c.fold(y, part, x[at[0]+i*step:][:len(y)], row)
			row++
		}
	})
	switch c.fn {
	case accel.ReduceMean:
		c.vectors.Add(y, y, part)
		c.vectors.DivScalar(y, y, float32(c.n))
	case accel.ReduceSum:
		c.vectors.Add(y, y, part)
	}
}

// fold takes in one more row. Sums keep the last rows in part.
func (c *columnFold) fold(y, part, x []float32, row int) {
	switch {
	case row == 0:
		clear(part)
		copy(y, x)
	case c.fn == accel.ReduceMax:
		c.vectors.Max(y, y, x)
	case c.fn == accel.ReduceMin:
		c.vectors.Min(y, y, x)
	case row%partRows == 0:
		c.vectors.Add(y, y, part)
		copy(part, x)
	default:
		c.vectors.Add(part, part, x)
	}
}
