package tta

import "hash/maphash"

// goneIDs remembers which ids have left the ledger lately, so that a label that
// comes too late is told from one that comes too early. It keeps 64-bit hashes: an
// id that never was is taken for one of n gone ones once in 2^64/n times.
type goneIDs struct {
	seed  maphash.Seed
	bound int
	ring  []uint64 // the oldest at next once full
	next  int
	place map[uint64]int // in ring
}

func newGoneIDs(bound int) goneIDs {
	return goneIDs{seed: maphash.MakeSeed(), bound: bound, place: map[uint64]int{}}
}

func (g *goneIDs) has(id string) bool {
	_, ok := g.place[maphash.String(g.seed, id)]
	return ok
}

func (g *goneIDs) add(id string) {
	if id != "" {
		g.push(maphash.String(g.seed, id))
	}
}

func (g *goneIDs) push(hash uint64) {
	if len(g.ring) < g.bound {
		g.place[hash] = len(g.ring)
		g.ring = append(g.ring, hash)
		return
	}
	if oldest := g.ring[g.next]; g.place[oldest] == g.next {
		delete(g.place, oldest)
	}
	g.ring[g.next], g.place[hash] = hash, g.next
	g.next = (g.next + 1) % g.bound
}

// resize gives it another bound, keeping the newest.
func (g *goneIDs) resize(bound int) {
	if bound == g.bound {
		return
	}
	inOrder := append(append([]uint64(nil), g.ring[g.next:]...), g.ring[:g.next]...)
	*g = goneIDs{seed: g.seed, bound: bound, place: map[uint64]int{}}
	for _, hash := range inOrder[max(len(inOrder)-bound, 0):] {
		g.push(hash)
	}
}
