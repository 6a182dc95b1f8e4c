package launch

import "ttad/accel"

func (l *lowering) pool(n *node, op accel.Pool) {
	x, y := l.shape(n.in[0]), l.shape(n.out)
	count := accel.Elements(y)
	args := []operand{l.value(n.out), l.value(n.in[0])}
	args = append(args, integers(count, x[2], x[3], y[2], y[3], op.Kernel[0], op.Kernel[1],
		op.Stride[0], op.Stride[1], op.Dilation[0], op.Dilation[1], op.Pad[0], op.Pad[1])...)
	if op.Fn == accel.PoolMax {
		l.emit("pool_max", across(count), args...)
		return
	}
	args = append(args, flag(op.CountPadding), integer(x[2]+op.Pad[2]), integer(x[3]+op.Pad[3]))
	l.emit("pool_average", across(count), args...)
}
