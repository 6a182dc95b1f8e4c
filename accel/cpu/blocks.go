package cpu

import "ttad/accel"

// onBlocks says which operands a node's kernel reads as channel blocks, and
// whether it writes them; the others are row-major. has tells which values exist
// as blocks already. Blocks that a kernel reads or writes, the addends of its tail
// included, have the lanes of the device's kernels; only a convolution may find an
// image of few channels as pixels of as many lanes.
//
// Whoever writes blocks writes the inside of every image of its result and clears
// the border.
func (b *planner) onBlocks(n *node, has func(accel.ValueID) bool) (reads func(operand int) bool, writes bool) {
	none, all := func(int) bool { return false }, func(int) bool { return true }
	first := func(operand int) bool { return operand == 0 }
	switch op := n.op.(type) {
	case accel.Conv:
		return first, true
	case accel.Pool:
		if b.poolOnBlocks(n, op, has) {
			return first, true
		}
	case accel.Map, applyOp:
		if has(n.in[0]) {
			return first, true
		}
	case momentsOp:
		return func(operand int) bool { return operand == 0 && has(n.in[0]) }, false
	case accel.Binary:
		if b.binaryOnBlocks(n, op, has) {
			return func(operand int) bool { return b.p.Values[n.in[operand]].Const == nil }, true
		}
	case accel.Slice, accel.Pad:
		if b.moveOnBlocks(n, has) {
			return first, true
		}
	case accel.Concat:
		if b.concatOnBlocks(n, op, has) {
			return all, true
		}
	case accel.Reduce:
		if b.reduceOnBlocks(n, op, has) {
			return first, false
		}
	}
	return none, false
}

// lowerOnBlocks makes the kernel of a node that onBlocks gave blocks, nil for any
// other.
func (b *planner) lowerOnBlocks(n *node) runner {
	reads := len(n.in) > 0 && b.isBlocks(n.in[0])
	writes := b.isBlocks(n.out)
	switch op := n.op.(type) {
	case accel.Conv:
		return b.newBlockConv(op, n)
	case accel.Pool:
		if writes {
			return b.newBlockPool(op, n)
		}
	case accel.Map:
		if writes {
			return b.newBlockMap(op, n)
		}
	case accel.Binary:
		if writes {
			return b.newBlockBinary(op, n)
		}
	case accel.Slice, accel.Pad:
		if writes {
			return b.newBlockMove(n)
		}
	case accel.Concat:
		if writes {
			return b.newBlockConcat(n)
		}
	case accel.Reduce:
		if reads {
			return b.newBlockReduce(op, n)
		}
	case momentsOp:
		if reads {
			return b.newBlockMoments(n)
		}
	case applyOp:
		if writes {
			return b.newBlockApply(op, n)
		}
	}
	return nil
}

// newBlockConv picks the kernel of a convolution of blocks.
func (b *planner) newBlockConv(op accel.Conv, n *node) runner {
	switch {
	case b.isDepthwise(n, op):
		return b.newBlockDepthwise(op, n)
	case b.isWinograd(n, op):
		return b.newWinograd(op, n)
	}
	return b.newDirect(op, n)
}

func (b *planner) isBlocks(id accel.ValueID) bool {
	return id != accel.NoValue && b.layouts[id].lanes > 0
}

// reach is the border the kernel of a node needs around a blocked operand.
func (b *planner) reach(n *node, operand int) [4]int {
	switch op := n.op.(type) {
	case accel.Conv:
		if b.isWinograd(n, op) {
			return winogradReach(b.p, op, n)
		}
		return convReach(b.p, op, n)
	}
	return [4]int{}
}

// name is a node's name in the program; nodes that planning put in are called
// after their result.
func (b *planner) name(n *node) string {
	if n.step == noStep {
		return b.p.Values[n.out].Name
	}
	return b.p.Steps[n.step].Name
}

// grid is the extents of a value in blocks.
func (b *planner) grid(id accel.ValueID) grid { return b.layouts[id].grid(b.p.Values[id].Shape) }

// grid is the extents of a value in blocks.
func (p *plan) grid(id accel.ValueID) grid { return p.layouts[id].grid(p.program.Values[id].Shape) }
