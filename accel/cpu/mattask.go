package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// matTask is one worker's part of a product: rows and columns of one result matrix.
type matTask struct {
	*matMulStep
	f        *frame
	g        matSizes
	call     *kernel.Call
	scratch  []float32
	a        []float32 // the left matrix
	right    []float32 // the right one, packed
	bMatrix  int       // its number
	y        []float32 // the result matrix
	start    int       // where that begins among all
	left     []float32 // rows of the left matrix as the kernels read them
	leftStep int
}

func (s *matMulStep) newTask(f *frame, g *matSizes, worker, result int) matTask {
	a, b := g.operands(result)
	t := matTask{matMulStep: s, f: f, g: *g, bMatrix: b, call: &f.calls[worker], scratch: f.scratch[worker]}
	t.start = result * g.m * g.n
	t.a, t.y = f.data[s.a][a*g.aSize:][:g.aSize], f.data[s.y][t.start:][:g.m*g.n]
	if s.tall {
		t.a = f.data[s.a]
	}
	return t
}

// rows computes the rows from..to in the groups of columns low to high.
func (t *matTask) rows(from, to, low, high int) {
	for first := from; first < to; first += t.g.rowBlock {
		end := min(first+t.g.rowBlock, to)
		edge := t.readLeft(first, end)
		for i := low; i < high; i++ {
			t.group(i, first, end, edge)
		}
		t.finishRows(first, end, low, high)
	}
}

// readLeft makes the rows first to end ready for the kernels and returns the scratch
// that is left.
func (t *matTask) readLeft(first, end int) []float32 {
	k := t.g.k
	if !t.copiesLeft(k) {
		t.left, t.leftStep = t.a[first*k:], k
		return t.scratch
	}
	t.leftStep = copyStep(k)
	t.left = t.scratch[:(end-first)*t.leftStep]
	if t.op.TransA {
		t.vectors.Transpose(t.left, t.a[first:], k, end-first, t.leftStep, t.g.m)
	} else {
		for r := range end - first {
			copy(t.left[r*t.leftStep:], t.a[(first+r)*k:][:k])
		}
	}
	return t.scratch[len(t.left):]
}

// group computes a group of columns, a depth at a time. A last group that reaches
// beyond the rows of the result does so in scratch.
func (t *matTask) group(i, first, end int, edge []float32) {
	column, width := t.g.panels.group(i)
	out, step := t.y[first*t.g.n+column:], t.g.n
	over := column+width > t.g.n
	if over {
		out, step = edge, width
	}
	c := t.call
	c.Taps, c.InputStep = t.tap, t.leftStep
	c.OutputStep, c.OutputBlock = step, t.family.Lanes
	c.ResidualStep, c.ResidualBlock = t.g.n, t.family.Lanes
	panel := t.right[column*t.g.k:]
	for from := 0; from < t.g.k; from += t.g.depth {
		c.Depth = min(t.g.depth, t.g.k-from)
		c.Weights, c.Accumulate = panel[from*width:][:c.Depth*width], from > 0
		last := from+c.Depth == t.g.k
		t.endWith(last, over, column, width)
		var residual []float32
		if last && !over && t.residual != accel.NoValue {
			residual = t.f.data[t.residual][t.start+first*t.g.n+column:]
		}
		t.tiles(&t.covers[width/t.family.Lanes-1], t.left[from:], out, residual, end-first)
	}
	if over {
		t.copyEdge(edge, column, width, first, end)
	}
}

// endWith sets what a call does with its sums beside storing them.
func (t *matTask) endWith(last, over bool, column, width int) {
	c := t.call
	c.Bias, c.Residual, c.Clip = nil, nil, false
	if last && t.bias != nil {
		c.Bias = t.bias[column : column+width]
	}
	if last && !over {
		t.bound(c)
	}
}

// tiles covers a group's rows with kernels.
func (t *matTask) tiles(cover *cover, left, out, residual []float32, rows int) {
	c := t.call
	for row := 0; row < rows; {
		k := cover.next(rows - row)
		c.Input, c.Output = left[row*t.leftStep:], out[row*c.OutputStep:]
		if residual != nil {
			c.Residual = residual[row*t.g.n:]
		}
		k.Run(c)
		row += k.Pixels
	}
}

// copyEdge moves the last group from scratch to the result and does to it what the
// kernels did to the others.
func (t *matTask) copyEdge(edge []float32, column, width, first, end int) {
	for r := first; r < end; r++ {
		at := r*t.g.n + column
		copy(t.y[at:(r+1)*t.g.n], edge[(r-first)*width:])
		t.f.finish(t.tail[:t.done], t.f.data[t.matMulStep.y], t.start+at, t.start+(r+1)*t.g.n)
	}
}

// finishRows does what the kernels leave to be done: a c that is no bias, and the
// rest of the tail.
func (t *matTask) finishRows(first, end, low, high int) {
	open := t.c != accel.NoValue && t.bias == nil
	if !open && t.done == len(t.tail) {
		return
	}
	n, column := t.g.n, low*t.g.panels.wide
	until := min(high*t.g.panels.wide, n)
	if column == 0 && until == n {
		t.finishRange(t.start+first*n, t.start+end*n)
		return
	}
	for r := first; r < end; r++ {
		t.finishRange(t.start+r*n+column, t.start+r*n+until)
	}
}

func (t *matTask) finishRange(low, high int) {
	t.addC(t.f, low, high)
	t.f.finish(t.tail[t.done:], t.f.data[t.matMulStep.y], low, high)
}
