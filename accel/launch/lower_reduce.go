package launch

import (
	"slices"

	"ttad/accel"
)

// Folds as kernels know them: see reduce.cl.
const (
	foldSum = iota
	foldLargest
	foldSmallest
	foldMagnitude
	foldSquares
)

// longLine is the length from which a group has a line to itself.
const longLine = 32

// lines are what a reduction folds: the axes of its operand, innermost first, with
// the strides they have, and how many elements they hold together.
type lines struct {
	kept, folded  []stride
	count, length int
}

// stride is an axis: its extent and how far apart its elements lie.
type stride struct{ extent, by int }

// reduce folds with an item a line, or with a group where lines are long. A length
// takes two launches: values are divided by the largest first, for their squares
// might not be floats.
func (l *lowering) reduce(n *node, op accel.Reduce) {
	of := linesOf(l.shape(n.in[0]), op.Axes)
	y, x := l.value(n.out), l.value(n.in[0])
	switch op.Fn {
	case accel.ReduceMax:
		l.fold(of, foldLargest, false, y, x, x)
	case accel.ReduceMin:
		l.fold(of, foldSmallest, false, y, x, x)
	case accel.ReduceL2:
		largest := l.take(of.count)
		l.fold(of, foldMagnitude, false, largest, x, x)
		l.fold(of, foldSquares, false, y, x, largest)
	default:
		l.fold(of, foldSum, op.Fn == accel.ReduceMean, y, x, x)
	}
}

func (l *lowering) fold(of lines, fn int, mean bool, y, x, scales operand) {
	tables, at := l.table(of.numbers()...)
	args := []operand{y, x, scales, tables, at, integer(len(of.kept)), integer(len(of.folded))}
	how := []operand{integer(of.length), integer(fn), flag(mean)}
	if of.length >= longLine {
		l.emit("reduce_groups", [3]int{of.count, 1, 1}, slices.Concat(args, how)...)
		return
	}
	l.emit("reduce_items", across(of.count), slices.Concat(args, []operand{integer(of.count)}, how)...)
}

// linesOf splits the axes of a shape into those kept and those folded.
func linesOf(shape, axes []int) lines {
	of := lines{count: 1, length: 1}
	by := 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		to, elements := &of.kept, &of.count
		if slices.Contains(axes, axis) {
			to, elements = &of.folded, &of.length
		}
		*to = joined(*to, stride{shape[axis], by})
		*elements *= shape[axis]
		by *= shape[axis]
	}
	return of
}

// joined adds an axis around others. One that goes on where the last ends is no axis
// of its own.
func joined(axes []stride, next stride) []stride {
	last := len(axes) - 1
	switch {
	case next.extent == 1:
		return axes
	case last >= 0 && axes[last].extent*axes[last].by == next.by:
		axes[last].extent *= next.extent
		return axes
	}
	return append(axes, next)
}

// numbers are the axes as a table for kernels.
func (of lines) numbers() []int {
	var out []int
	for _, s := range slices.Concat(of.kept, of.folded) {
		out = append(out, s.extent, s.by)
	}
	return out
}
