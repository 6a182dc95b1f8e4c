package cpu

import (
	"slices"

	"ttad/accel"
)

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

// layOutBlocks decides which values are blocks, puts a reorder where a kernel
// wants a value the other way, and gives every block the border its readers need.
// Nodes read and write other values afterwards: the id of a value stands for its
// row-major form, and what lies in blocks has an id of its own.
func (b *planner) layOutBlocks() {
	c := chooser{planner: b, blocks: map[form]accel.ValueID{}, absent: map[accel.ValueID]bool{}}
	for _, n := range b.nodes {
		c.place(n)
	}
	for _, id := range b.p.Outputs {
		c.rows(id)
	}
	b.nodes = c.nodes
	for _, n := range b.nodes {
		for k, id := range n.in {
			if id != accel.NoValue && b.layouts[id].lanes > 0 {
				b.widen(id, b.reach(n, k))
			}
		}
	}
}

// widen makes a value's border at least as wide as needed.
func (b *planner) widen(id accel.ValueID, border [4]int) {
	for side, n := range border {
		b.layouts[id].border[side] = max(b.layouts[id].border[side], n)
	}
}

// chooser walks the nodes in order and rewrites them.
type chooser struct {
	*planner
	nodes  []*node
	blocks map[form]accel.ValueID // the blocked forms there are
	absent map[accel.ValueID]bool // computed values without a row-major form so far
}

// form is a value in blocks of so many lanes.
type form struct {
	id    accel.ValueID
	lanes int
}

// place lets a node read and write what its kernel wants.
func (c *chooser) place(n *node) {
	reads, writes := c.onBlocks(n, c.has)
	n.in = slices.Clone(n.in) // the program's own list must not change
	for k, id := range n.in {
		switch {
		case id == accel.NoValue:
		case reads(k):
			n.in[k] = c.blocked(id, c.lanes(n, id))
		default:
			c.rows(id)
		}
	}
	for i := range n.tail {
		t := &n.tail[i]
		switch {
		case t.add == accel.NoValue:
		case writes:
			t.add = c.blocked(t.add, c.d.kernels.Lanes)
		default:
			c.rows(t.add)
		}
	}
	if writes {
		c.absent[n.out] = true
		n.out = c.newBlocks(n.out, c.d.kernels.Lanes)
	}
	c.nodes = append(c.nodes, n)
}

// rows sees to it that a value is there row-major.
func (c *chooser) rows(id accel.ValueID) {
	if root := c.root[id]; c.absent[root] {
		c.nodes = append(c.nodes, newReorder(c.blocks[form{root, c.d.kernels.Lanes}], root))
		delete(c.absent, root)
	}
}

// fewChannels is the most that are kept as pixels of that many values rather than
// as a block: a network's input, for which nobody multiplies padding.
const fewChannels = 4

// has reports whether somebody wrote or wanted a value as blocks.
func (c *chooser) has(id accel.ValueID) bool {
	_, ok := c.blocks[form{id, c.d.kernels.Lanes}]
	return ok
}

// lanes is how a node's kernel wants its operand.
func (c *chooser) lanes(n *node, id accel.ValueID) int {
	if op, ok := n.op.(accel.Conv); ok && !c.isDepthwise(n, op) && !c.has(id) && c.p.Values[id].Shape[1].Fixed <= fewChannels {
		return fewChannels
	}
	return c.d.kernels.Lanes
}

// blocked returns the blocked form of a value, reordered if need be.
func (c *chooser) blocked(id accel.ValueID, lanes int) accel.ValueID {
	if to, ok := c.blocks[form{id, lanes}]; ok {
		return to
	}
	c.rows(id)
	to := c.newBlocks(id, lanes)
	c.nodes = append(c.nodes, newReorder(id, to))
	return to
}

// newBlocks makes room for the blocked form of a value.
func (c *chooser) newBlocks(id accel.ValueID, lanes int) accel.ValueID {
	v := c.p.Values[id]
	to := c.addValue(accel.Value{Name: v.Name, Shape: v.Shape}, layout{lanes: lanes})
	c.blocks[form{id, lanes}] = to
	return to
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
