package demo

import (
	"iter"
	"math/rand/v2"
)

// Phase is a stretch of the stream under one condition.
type Phase struct {
	Name       string
	Corruption Corruption
	// Run is how many rows of one class come in a row, one class after the other,
	// as from a camera that looks at one thing for a while. 0 is random order.
	Run  int
	Rows int
}

// Row is one image of the stream with what only the demo knows: its true class.
type Row struct {
	Index int // from 0, over all phases
	Phase int
	Image []byte
	Label int
}

// Stream yields the rows of all phases in order. The same seed gives the same
// bytes. A phase longer than the set of images goes through it again, in another
// order; its corruption is drawn anew for every row.
func Stream(set *Images, phases []Phase, seed uint64) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		index := 0
		for p, phase := range phases {
			rng := rand.New(rand.NewPCG(seed, uint64(p)))
			for _, i := range arrival(set, phase, rng) {
				img := make([]byte, pixels)
				phase.Corruption.Apply(img, set.Pixels[i], rng)
				if !yield(Row{Index: index, Phase: p, Image: img, Label: set.Labels[i]}) {
					return
				}
				index++
			}
		}
	}
}

// arrival draws which images a phase shows, balanced over classes as far as its
// length allows, and in which order.
func arrival(set *Images, phase Phase, rng *rand.Rand) []int {
	var order []int
	for len(order) < phase.Rows {
		order = append(order, balanced(set, rng)...)
	}
	order = order[:phase.Rows]
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if phase.Run > 0 {
		return inRuns(set, order, phase.Run)
	}
	return order
}

// inRuns takes run rows of each class in turn until all are taken.
func inRuns(set *Images, order []int, run int) []int {
	byClass := make([][]int, Classes)
	for _, i := range order {
		byClass[set.Labels[i]] = append(byClass[set.Labels[i]], i)
	}
	out := make([]int, 0, len(order))
	for k := 0; len(out) < len(order); k = (k + 1) % Classes {
		n := min(run, len(byClass[k]))
		out = append(out, byClass[k][:n]...)
		byClass[k] = byClass[k][n:]
	}
	return out
}

// balanced is a random order of the whole set in which every run of ten has each
// class once, so that any length of it is balanced.
func balanced(set *Images, rng *rand.Rand) []int {
	byClass := make([][]int, Classes)
	for _, i := range rng.Perm(len(set.Labels)) {
		byClass[set.Labels[i]] = append(byClass[set.Labels[i]], i)
	}
	order := make([]int, 0, len(set.Labels))
	for turn := 0; len(order) < len(set.Labels); turn++ {
		for _, k := range rng.Perm(Classes) {
			if turn < len(byClass[k]) {
				order = append(order, byClass[k][turn])
			}
		}
	}
	return order
}

func total(phases []Phase) int {
	n := 0
	for _, p := range phases {
		n += p.Rows
	}
	return n
}
