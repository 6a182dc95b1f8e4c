package launch

import (
	"fmt"

	"ttad/accel"
)

// lower emits the launches of one node. Its operator's extents are fixed already.
func (l *lowering) lower(n *node) error {
	switch op := accel.AtRows(n.op, l.rows).(type) {
	case accel.Conv:
		l.conv(n, op)
	case accel.MatMul:
		l.matMul(n, op)
	case accel.Pool:
		l.pool(n, op)
	case accel.Norm:
		l.norm(n, op)
	case accel.Reduce:
		l.reduce(n, op)
	case accel.Softmax:
		l.softmax(n, op)
	case accel.LayerNorm:
		l.layerNorm(n, op)
	case accel.InstanceNorm:
		l.instanceNorm(n, op)
	case accel.Map:
		l.mapEach(n, op)
	case accel.Binary:
		l.binary(n, op)
	case accel.Where:
		l.where(n)
	case accel.PriorRatio:
		l.priorRatio(n)
	case accel.LAME:
		l.lame(n, op)
	default:
		return l.lowerMove(n, op)
	}
	return nil
}

// lowerMove emits the launches of an operator that only places elements elsewhere.
func (l *lowering) lowerMove(n *node, op accel.Op) error {
	switch op := op.(type) {
	case accel.Reshape:
		// The result shares its operand's memory.
	case accel.Transpose:
		l.transpose(n, op)
	case accel.Concat:
		l.concat(n, op)
	case accel.Slice:
		l.slice(n, op)
	case accel.Pad:
		l.pad(n, op)
	case accel.Expand:
		l.expand(n)
	case accel.Gather:
		l.gather(n, op)
	default:
		return fmt.Errorf("%T is not an operator of package accel", op)
	}
	return nil
}
