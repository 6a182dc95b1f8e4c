package cpu

import (
	"ttad/accel"
	"ttad/accel/cpu/kernel"
)

// matTask is one worker's part of a product: rows and columns of one result matrix.
type matTask struct {
	*matMulStep
	f       *frame
	g       matSizes
	call    *kernel.Call
	scratch []float32
	a       []float32 // from the first row of the left matrix on
	packed  []float32 // the right one
	start   int       // of the result matrix in its value
	input   []float32 // rows of the left matrix as the kernels read them
	step    int       // between those
}

// newTask makes a task for a result matrix and tells where its right side is packed.
func (s *matMulStep) newTask(f *frame, g *matSizes, worker, result int) (t matTask, packed int) {
	a, packed, y := g.stack.place(result)
	return matTask{
		matMulStep: s, f: f, g: *g, call: &f.calls[worker], scratch: f.scratch[worker],
		a: f.data[s.left][a:], start: y,
	}, packed
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
	row, column := t.g.left[0], t.g.left[1]
	from := t.a[first*row:]
	if !t.g.copiesLeft() {
		t.input, t.step = from, row
		return t.scratch
	}
	t.step = copyStep(t.g.k)
	t.input = t.scratch[:(end-first)*t.step]
	if column != 1 && row == 1 {
		t.vectors.Transpose(t.input, from, t.g.k, end-first, t.step, column)
	} else {
		for r := range end - first {
			gather(t.input[r*t.step:][:t.g.k], from[r*row:], column)
		}
	}
	return t.scratch[len(t.input):]
}

// group computes a group of columns, a depth at a time. A last group that reaches
// beyond the rows of the result does so in scratch.
func (t *matTask) group(i, first, end int, edge []float32) {
	column, width := t.g.panels.group(i)
	at := t.start + first*t.g.row + column
	over := column+width > t.g.n
	out, step := t.f.data[t.out][at:], t.g.row
	if over {
		out, step = edge, width
	}
	c := t.call
	*c = kernel.Call{
		Taps: t.tap, InputStep: t.step, OutputStep: step, OutputBlock: t.family.Lanes,
		ResidualStep: t.g.row, ResidualBlock: t.family.Lanes,
	}
	panel := t.packed[column*t.g.k:]
	for from := 0; from < t.g.k; from += t.g.depth {
		c.Depth = min(t.g.depth, t.g.k-from)
		c.Weights, c.Accumulate = panel[from*width:][:c.Depth*width], from > 0
		last := from+c.Depth == t.g.k
		t.endWith(last, over, column, width)
		var residual []float32
		if last && !over && t.residual != accel.NoValue {
			residual = t.f.data[t.residual][at:]
		}
		t.tiles(&t.covers[width/t.family.Lanes-1], t.input[from:], out, residual, end-first)
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
func (t *matTask) tiles(cover *cover, input, out, residual []float32, rows int) {
	c := t.call
	for row := 0; row < rows; {
		k := cover.next(rows - row)
		c.Input, c.Output = input[row*c.InputStep:], out[row*c.OutputStep:]
		if residual != nil {
			c.Residual = residual[row*c.ResidualStep:]
		}
		k.Run(c)
		row += k.Pixels
	}
}

// copyEdge moves the last group from scratch to the result and does to it what the
// kernels did to the others.
func (t *matTask) copyEdge(edge []float32, column, width, first, end int) {
	y := t.f.data[t.out]
	for r := first; r < end; r++ {
		low, high := t.start+r*t.g.row+column, t.start+r*t.g.row+t.g.n
		copy(y[low:high], edge[(r-first)*width:])
		t.f.finish(t.tail[:t.done], y, low, high)
	}
}

// finishRows does what the kernels leave to be done: an addend that is no bias, and
// the rest of the tail.
func (t *matTask) finishRows(first, end, low, high int) {
	if !t.adds() && t.done == len(t.tail) {
		return
	}
	from, to := low*t.g.panels.wide, min(high*t.g.panels.wide, t.g.n)
	if from == 0 && to == t.g.row {
		t.finish(t.start+first*to, t.start+end*to)
		return
	}
	for r := first; r < end; r++ {
		at := t.start + r*t.g.row
		t.finish(at+from, at+to)
	}
}

func (t *matTask) finish(low, high int) {
	t.add(t.f, low, high)
	t.f.finish(t.tail[t.done:], t.f.data[t.out], low, high)
}
