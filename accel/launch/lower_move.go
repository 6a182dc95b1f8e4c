package launch

import "ttad/accel"

func (l *lowering) transpose(n *node, op accel.Transpose) {
	from := rowMajor(l.shape(n.in[0]))
	v := view{}
	for i, extent := range l.shape(n.out) {
		v.axes = append(v.axes, viewAxis{extent, []int{from[op.Perm[i]]}})
	}
	l.move(n, v)
}

func (l *lowering) slice(n *node, op accel.Slice) {
	from := rowMajor(l.shape(n.in[0]))
	v := view{base: op.Start.Fixed * from[op.Axis]}
	for axis, extent := range l.shape(n.out) {
		v.axes = append(v.axes, viewAxis{extent, []int{from[axis]}})
	}
	v.axes[op.Axis].strides[0] *= op.Step
	l.move(n, v)
}

func (l *lowering) expand(n *node) {
	l.move(n, broadcast(l.shape(n.out), l.shape(n.in[0])))
}

// move fills the result with elements of the operand.
func (l *lowering) move(n *node, v view) {
	count := accel.Elements(l.shape(n.out))
	v = v.simplified()
	switch {
	case count == 0:
	case v.turned():
		l.turn(n, v, count)
	default:
		tables, at, rank := l.placing(v)
		l.emit("move_placed", across(count), l.value(n.out), l.value(n.in[0]), integer(count), integer(v.base), tables, at, rank)
	}
}

// square is the side of what a group turns over: move.cl has the same number. Of a
// matrix with a shorter side it would be mostly empty.
const (
	square      = 32
	leastToTurn = square / 4
)

// turned reports whether the last two axes are a matrix turned over: the operand
// moves by one along the first of them and by rows along the second.
func (v view) turned() bool {
	last := len(v.axes) - 1
	if last < 1 || v.base != 0 {
		return false
	}
	cols, rows := v.axes[last-1], v.axes[last]
	return cols.strides[0] == 1 && rows.strides[0] >= cols.extent && min(cols.extent, rows.extent) >= leastToTurn
}

func (l *lowering) turn(n *node, v view, count int) {
	last := len(v.axes) - 1
	cols, rows := v.axes[last-1].extent, v.axes[last].extent
	squares := ceilDiv(cols, square) * ceilDiv(rows, square)
	tables, at, rank := l.placing(view{axes: v.axes[:last-1]})
	l.emit("transpose_tiles", [3]int{count / (rows * cols) * squares, 1, 1}, l.value(n.out), l.value(n.in[0]),
		integer(rows), integer(cols), integer(v.axes[last].strides[0]), tables, at, rank)
}

// concat emits a launch for each operand: it has one stretch for every index of the
// axes before the one along which they are joined.
func (l *lowering) concat(n *node, op accel.Concat) {
	start, step := 0, accel.Elements(l.shape(n.out)[op.Axis:])
	for _, id := range n.in {
		shape := l.shape(id)
		count, stretch := accel.Elements(shape), accel.Elements(shape[op.Axis:])
		l.emit("place_stretches", across(count), l.value(n.out), l.value(id),
			integer(count), integer(stretch), integer(start), integer(step))
		start += stretch
	}
}

func ceilDiv(n, by int) int { return (n + by - 1) / by }
