package cpu

import (
	"fmt"
	"strings"
)

// packs are constant weights as the kernels take them. The plans of a program have
// them in common: each would pack the same ones, and with Winograd's points in them
// they are most of the memory of a large network.
type packs map[packKey][]float32

// packKey says which weights lie how.
type packKey struct {
	step, norm int    // of the program: whose they are, and what is melted into them, noStep for nothing
	order      string // whatever else decides where a weight lies
}

// packed returns the weights of a node in some order, which pack fills in unless a
// plan before this one had them packed. They must not change afterwards.
func (b *planner) packed(n *node, order string, floats int, pack func(to []float32)) []float32 {
	key := packKey{n.step, noStep, order}
	if n.fold != nil {
		key.norm = n.fold.norm
	}
	w, ok := b.packs[key]
	if !ok {
		w = make([]float32, floats)
		pack(w)
		b.packs[key] = w
	}
	b.taken += len(w)
	return w
}

// orderOf says how weights lie that are packed for slabs.
func orderOf(slabs []slab) string {
	var order strings.Builder
	for i := range slabs {
		fmt.Fprint(&order, slabs[i].low, slabs[i].width)
		for _, p := range slabs[i].passes {
			fmt.Fprint(&order, p.places)
		}
	}
	return order.String()
}
