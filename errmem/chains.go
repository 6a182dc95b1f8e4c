package errmem

import "slices"

// chains are doubly linked lists of slots; a slot is in one list at most. -1 is
// the end of a list on either side.
type chains struct {
	first, last    []int32 // by list
	next, previous []int32 // by slot
}

func newChains(lists int) chains {
	return chains{first: slices.Repeat([]int32{-1}, lists), last: slices.Repeat([]int32{-1}, lists)}
}

// grow adds n slots that are in no list.
func (c *chains) grow(n int) {
	c.next = append(c.next, slices.Repeat([]int32{-1}, n)...)
	c.previous = append(c.previous, slices.Repeat([]int32{-1}, n)...)
}

// insert puts a slot behind another of the list, or first where after is -1.
func (c *chains) insert(list int, after, slot int32) {
	before := c.first[list]
	if after >= 0 {
		before = c.next[after]
	}
	c.link(list, after, slot)
	c.link(list, slot, before)
}

// remove takes a slot out of its list.
func (c *chains) remove(list int, slot int32) {
	c.link(list, c.previous[slot], c.next[slot])
}

// link makes two slots neighbours; -1 stands for the list's end.
func (c *chains) link(list int, left, right int32) {
	if left >= 0 {
		c.next[left] = right
	} else {
		c.first[list] = right
	}
	if right >= 0 {
		c.previous[right] = left
	} else {
		c.last[list] = left
	}
}
