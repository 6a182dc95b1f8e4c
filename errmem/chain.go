package errmem

import "slices"

// chain is a doubly linked list of slots. -1 is its end on either side.
type chain struct {
	first, last    int32
	next, previous []int32 // by slot
}

func newChain() chain { return chain{first: -1, last: -1} }

// grow adds n slots that are not in the list.
func (c *chain) grow(n int) {
	c.next = append(c.next, slices.Repeat([]int32{-1}, n)...)
	c.previous = append(c.previous, slices.Repeat([]int32{-1}, n)...)
}

// append puts a slot last.
func (c *chain) append(slot int32) {
	c.link(c.last, slot)
	c.link(slot, -1)
}

// remove takes a slot out.
func (c *chain) remove(slot int32) { c.link(c.previous[slot], c.next[slot]) }

// link makes two slots neighbours; -1 stands for the list's end.
func (c *chain) link(left, right int32) {
	if left >= 0 {
		c.next[left] = right
	} else {
		c.first = right
	}
	if right >= 0 {
		c.previous[right] = left
	} else {
		c.last = left
	}
}
