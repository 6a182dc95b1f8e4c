package launch

import "ttad/accel"

// gather emits a check of the indices, unless they were checked when compiling (see
// checkIndices), and then the copying.
func (l *lowering) gather(n *node, op accel.Gather) {
	x := l.shape(n.in[0])
	extent, indices := x[op.Axis], l.value(n.in[1])
	count := accel.Elements(l.shape(n.in[1]))
	if !indicesKnown(l.program, l.program.Steps[n.step].In, op.Axis) {
		faults, at := l.fault()
		l.emit("check_indices", [3]int{1, 1, 1}, faults, at, indices, integer(count), integer(extent))
	}
	elements := accel.Elements(l.shape(n.out))
	l.emit("gather_each", across(elements), l.value(n.out), l.value(n.in[0]), indices, integer(elements),
		integer(accel.Elements(x[op.Axis+1:])), integer(count), integer(extent))
}
