package cpu

import (
	"fmt"

	"ttad/accel"
)

// known reports whether lower has a kernel for the operator.
func known(op accel.Op) bool {
	switch op.(type) {
	case accel.Conv, accel.Norm, accel.MatMul, accel.Map, accel.Binary, accel.Where,
		accel.Pool, accel.Reduce, accel.Softmax, accel.LayerNorm, accel.InstanceNorm,
		accel.Reshape, accel.Transpose, accel.Concat, accel.Slice, accel.Pad,
		accel.Gather, accel.Expand:
		return true
	}
	return false
}

// lower makes the kernel of a node. The program was checked: operands fit.
func (b *planner) lower(n *node) runner {
	if k := b.lowerOnBlocks(n); k != nil {
		return k
	}
	p := b.p
	switch op := n.op.(type) {
	case reorder:
		return b.newReorderStep(n)
	case accel.MatMul:
		return b.newMatMul(op, n)
	case productOp:
		return b.newMatMulOf(op.MatMul, op.product, n)
	case momentsOp:
		return b.newMoments(n)
	case mixOp:
		return b.newMix(op, n)
	case keepOp:
		return &keepStep{*b.newMix(mixOp{Norm: op.Norm}, n)}
	case applyOp:
		return b.newApply(op, n)
	case accel.Map:
		return &mapStep{newMapper(b.d.vectors, op), n.in[0], n.out}
	case accel.Binary:
		return newBinary(b.d.vectors, p, op, n)
	case accel.Where:
		return newWhere(p, n)
	case accel.Pool:
		return newPool(p, op, n)
	case accel.Reduce:
		return newReduce(p, op, n)
	case accel.Softmax:
		return newSoftmax(p, op, n)
	case accel.LayerNorm:
		return newLayerNorm(p, op, n)
	case accel.InstanceNorm:
		return newInstanceNorm(p, op, n)
	case accel.Transpose, accel.Slice, accel.Expand:
		return newMove(p, op, n)
	case accel.Concat:
		return newConcat(p, op, n)
	case accel.Pad:
		return newPad(p, op, n)
	case accel.Gather:
		return newGather(p, op, n)
	}
	panic(fmt.Sprintf("cpu: Supports accepted %T", n.op))
}
