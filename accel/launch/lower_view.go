package launch

import (
	"slices"

	"ttad/accel"
)

// view says which elements of operands the elements of a row-major result are made
// of: each axis of the result has an extent and, for every operand, the elements that
// this one moves by along it, 0 where it is stretched.
type view struct {
	axes []viewAxis // outermost first
	base int        // where the only operand begins, if it has an offset
}

type viewAxis struct {
	extent  int
	strides []int // of each operand
}

// broadcast lines operands up with a result under NumPy's rule.
func broadcast(result []int, operands ...[]int) view {
	v := view{axes: make([]viewAxis, len(result))}
	for axis, extent := range result {
		v.axes[axis] = viewAxis{extent, make([]int, len(operands))}
	}
	for k, shape := range operands {
		for axis, stride := range rowMajor(shape) {
			if shape[axis] != 1 {
				v.axes[len(result)-len(shape)+axis].strides[k] = stride
			}
		}
	}
	return v
}

// rowMajor are the strides of a shape.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for axis, extent := range slices.Backward(shape) {
		strides[axis] = step
		step *= extent
	}
	return strides
}

// simplified leaves out axes of one element and joins axes that all operands cross
// without a jump.
func (v view) simplified() view {
	var axes []viewAxis
	for _, inner := range v.axes {
		if inner.extent == 1 {
			continue
		}
		if last := len(axes) - 1; last >= 0 && axes[last].continues(inner) {
			axes[last] = viewAxis{axes[last].extent * inner.extent, inner.strides}
			continue
		}
		axes = append(axes, inner)
	}
	v.axes = axes
	return v
}

// continues reports whether a step along the axis is as many as the inner one has.
func (a viewAxis) continues(inner viewAxis) bool {
	for k, stride := range a.strides {
		if stride != inner.strides[k]*inner.extent {
			return false
		}
	}
	return true
}

// placing is the view as the kernels that are called placed want it: a table, and the
// number of axes.
func (l *lowering) placing(v view) (tables, at, rank operand) {
	var numbers []int
	for _, axis := range slices.Backward(v.axes) {
		numbers = append(append(numbers, axis.extent), axis.strides...)
	}
	tables, at = l.table(numbers...)
	return tables, at, integer(len(v.axes))
}

// stretch says that every element of an operand of count elements stands for so many
// neighbours in a result, and that the operand comes again and again.
type stretch struct{ every, count int }

// stretchOf is how an operand fills a result with elements, when it is that simple:
// axes on which it is stretched only come before and after those on which it is not.
func stretchOf(result, shape []int) (s stretch, ok bool) {
	shape = append(slices.Repeat([]int{1}, len(result)-len(shape)), shape...)
	axis := len(result) - 1
	s = stretch{1, 1}
	for ; axis >= 0 && shape[axis] == 1; axis-- {
		s.every *= result[axis]
	}
	for ; axis >= 0 && shape[axis] == result[axis]; axis-- {
		s.count *= result[axis]
	}
	return s, accel.Elements(shape[:axis+1]) == 1
}

// stretches are the numbers by which kernels find elements of operands that are all
// stretched in the simple way.
func stretches(result []int, operands ...[]int) (numbers []operand, ok bool) {
	for _, shape := range operands {
		s, simple := stretchOf(result, shape)
		if !simple {
			return nil, false
		}
		numbers = append(numbers, integer(s.every), integer(s.count))
	}
	return numbers, true
}
