package cpu

// transposed is a move whose last two axes are a matrix turned over: rows by cols
// in the operand, cols by rows in the result. Zero rows mean that it is not one.
type transposed struct {
	view
	rows, cols int
	step       int // between rows of the operand
	band       int // columns of the operand that a task takes
}

// transposed looks at the last two axes of the result: the operand must move by one
// along the first of them, and by whole rows along the second. The result has
// elements.
func (s *moveStep) transposed(rows int) transposed {
	t := transposed{view: s.view(rows)}
	last := t.rank - 1
	if last < 1 || t.stride[0][last-1] != 1 || t.stride[0][last] < t.extent[last-1] {
		return t
	}
	t.rows, t.cols, t.step = t.extent[last], t.extent[last-1], t.stride[0][last]
	t.band = min(t.cols, max(bandColumns, rangeFloats/t.rows/bandColumns*bandColumns))
	return t
}

// bandColumns fills the registers of every instruction set.
const bandColumns = 16

// bands is how many tasks a matrix has, tasks how many n values have.
func (t *transposed) bands() int { return ceilDiv(t.cols, t.band) }

func (t *transposed) tasks(n int) int { return n / (t.rows * t.cols) * t.bands() }

// transposePhase turns over a band of one matrix.
type transposePhase moveStep

func (p *transposePhase) task(f *frame, _, i int) {
	t := (*moveStep)(p).transposed(f.rows)
	matrix, first := i/t.bands(), i%t.bands()*t.band
	count := min(t.band, t.cols-first)
	y := f.data[p.y][(matrix*t.cols+first)*t.rows:]
	x := f.data[p.x][t.start(matrix)+first:]
	f.vectors().Transpose(y, x, t.rows, count, t.rows, t.step)
}

// start is where a matrix of that number begins in the operand.
func (t *transposed) start(matrix int) int {
	at := t.base[0]
	for axis := t.rank - 3; axis >= 0; axis-- {
		at += matrix % t.extent[axis] * t.stride[0][axis]
		matrix /= t.extent[axis]
	}
	return at
}
