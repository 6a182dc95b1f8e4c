package launch

import "ttad/accel"

// softmax normalizes with an item a line, or with a group where lines are long.
func (l *lowering) softmax(n *node, op accel.Softmax) {
	shape := l.shape(n.in[0])
	length, inner := shape[op.Axis], accel.Elements(shape[op.Axis+1:])
	if length == 0 {
		return
	}
	lines := accel.Elements(shape) / length
	y, x := l.value(n.out), l.value(n.in[0])
	if length >= longLine {
		l.emit("softmax_groups", [3]int{lines, 1, 1}, y, x, integer(length), integer(inner), flag(op.Log))
		return
	}
	l.emit("softmax_items", across(lines), y, x, integer(lines), integer(length), integer(inner), flag(op.Log))
}
