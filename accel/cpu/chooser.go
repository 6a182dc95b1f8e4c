package cpu

import (
	"slices"

	"ttad/accel"
)

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

// fewChannels is the most that are kept as pixels of just these values rather than
// as a block: a network's input, for which nobody multiplies padding.
const fewChannels = 4

// has reports whether somebody wrote or wanted a value as blocks.
func (c *chooser) has(id accel.ValueID) bool {
	_, ok := c.blocks[form{id, c.d.kernels.Lanes}]
	return ok
}

// lanes is how a node's kernel wants its operand.
func (c *chooser) lanes(n *node, id accel.ValueID) int {
	op, ok := n.op.(accel.Conv)
	channels := c.p.Values[id].Shape[1].Fixed
	if ok && !c.isDepthwise(n, op) && !c.has(id) && channels <= fewChannels {
		return channels
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
