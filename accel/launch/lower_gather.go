package launch

import (
	"slices"

	"ttad/accel"
)

// gather emits a check of the indices, unless they are constant and right, and then
// the copying.
func (l *lowering) gather(n *node, op accel.Gather) {
	x := l.shape(n.in[0])
	extent, indices := x[op.Axis], l.value(n.in[1])
	count := accel.Elements(l.shape(n.in[1]))
	if count > 0 && !allFit(l.program.Values[n.in[1]].Const, extent) {
		faults, at := l.fault()
		l.emit("check_indices", [3]int{1, 1, 1}, faults, at, indices, integer(count), integer(extent))
	}
	elements := accel.Elements(l.shape(n.out))
	l.emit("gather_each", across(elements), l.value(n.out), l.value(n.in[0]), indices, integer(elements),
		integer(accel.Elements(x[op.Axis+1:])), integer(count), integer(extent))
}

// allFit reports whether there are constant indices, all of which name a place on an
// axis. The kernel fits_axis of gather.cl has the rule of whole.
func allFit(indices []float32, extent int) bool {
	return len(indices) > 0 && !slices.ContainsFunc(indices, func(v float32) bool { return !whole(v, extent) })
}
