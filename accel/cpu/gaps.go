package cpu

import "slices"

// gaps is the arena while it is planned: its size and the free stretches of it.
type gaps struct {
	size int
	list []gap // by offset, never touching one another
}

type gap struct{ offset, floats int }

// take returns the offset of the smallest gap that is large enough; if there is
// none the arena grows.
func (g *gaps) take(floats int) int {
	best := -1
	for i, s := range g.list {
		if s.floats >= floats && (best < 0 || s.floats < g.list[best].floats) {
			best = i
		}
	}
	if best < 0 {
		return g.grow(floats)
	}
	at := g.list[best].offset
	g.list[best].offset += floats
	g.list[best].floats -= floats
	if g.list[best].floats == 0 {
		g.list = slices.Delete(g.list, best, best+1)
	}
	return at
}

// grow extends the arena, beginning in the gap at its end if there is one.
func (g *gaps) grow(floats int) int {
	at := g.size
	if n := len(g.list); n > 0 && g.list[n-1].offset+g.list[n-1].floats == g.size {
		at = g.list[n-1].offset
		g.list = g.list[:n-1]
	}
	g.size = at + floats
	return at
}

// give makes a stretch free again.
func (g *gaps) give(offset, floats int) {
	if floats == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(g.list, offset, func(s gap, o int) int { return s.offset - o })
	g.list = slices.Insert(g.list, i, gap{offset, floats})
	if i+1 < len(g.list) && offset+floats == g.list[i+1].offset {
		g.list[i].floats += g.list[i+1].floats
		g.list = slices.Delete(g.list, i+1, i+2)
	}
	if i > 0 && g.list[i-1].offset+g.list[i-1].floats == offset {
		g.list[i-1].floats += g.list[i].floats
		g.list = slices.Delete(g.list, i, i+1)
	}
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
