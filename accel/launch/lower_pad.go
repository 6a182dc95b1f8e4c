package launch

import (
	"slices"

	"ttad/accel"
)

// padModes lists kinds of padding by the numbers that move.cl knows them by.
func padModes() []accel.PadMode {
	return []accel.PadMode{accel.PadConstant, accel.PadReflect, accel.PadEdge}
}

func (l *lowering) pad(n *node, op accel.Pad) {
	x, y := l.shape(n.in[0]), l.shape(n.out)
	count := accel.Elements(y)
	var numbers []int
	axes := paddedAxes(x, y, op.Before)
	for _, a := range slices.Backward(axes) {
		numbers = append(numbers, a.y, a.x, a.before)
	}
	tables, at := l.table(numbers...)
	l.emit("pad_each", across(count), l.value(n.out), l.value(n.in[0]), integer(count),
		integer(slices.Index(padModes(), op.Mode)), number(op.Value), tables, at, integer(len(axes)))
}

// paddedAxis is the extent of an axis with and without its padding, and the elements
// before.
type paddedAxis struct{ y, x, before int }

// paddedAxes joins neighbours that have no padding.
func paddedAxes(x, y, before []int) []paddedAxis {
	var axes []paddedAxis
	for axis := range x {
		inner := paddedAxis{y[axis], x[axis], before[axis]}
		if last := len(axes) - 1; last >= 0 && axes[last].plain() && inner.plain() {
			axes[last] = paddedAxis{axes[last].y * inner.y, axes[last].x * inner.x, 0}
			continue
		}
		axes = append(axes, inner)
	}
	return axes
}

func (a paddedAxis) plain() bool { return a.x == a.y }
