package demo

import (
	"iter"
	"math"
	"math/rand/v2"
)

// Phase is a stretch of the stream under one condition.
type Phase struct {
	Name       string
	Corruption Corruption
	// Run is how many rows of one class come in a row, one class after the other,
	// as from a camera that looks at one thing for a while. 0 is random order.
	Run int
	// Imbalance is how many times as often the most frequent class comes as the
	// rarest; the shares of those between fall geometrically. Which is which is
	// drawn. 0 and 1 are all classes alike.
	Imbalance float64
	// FiledAs gives classes another one's name, as when a shop sorts its goods
	// anew: the images stay what they were, the truth about them changes.
	FiledAs map[int]int
	Rows    int
}

// Row is one image of the stream with what only the demo knows.
type Row struct {
	Index int // from 0, over all phases
	Phase int
	Image []byte
	Label int // its true class
	// Labelled images are those that people look at and send the classes of.
	Labelled bool
}

// Stream yields the rows of all phases in order. The same seed gives the same
// bytes. A phase longer than the set of images goes through it again, in another
// order; its corruption is drawn anew for every row.
func Stream(set *Images, phases []Phase, seed uint64) iter.Seq[Row] {
	labelled := labelledImages(set, rand.New(rand.NewPCG(seed, labelDraw)))
	return func(yield func(Row) bool) {
		index := 0
		for p, phase := range phases {
			rng := rand.New(rand.NewPCG(seed, uint64(p)))
			for _, i := range arrival(set, phase, rng) {
				img := make([]byte, pixels)
				phase.Corruption.Apply(img, set.Pixels[i], rng)
				if !yield(Row{Index: index, Phase: p, Image: img, Label: phase.label(set.Labels[i]), Labelled: labelled[i]}) {
					return
				}
				index++
			}
		}
	}
}

// labelDraw keeps the draw of labelled images apart from those of the phases.
const labelDraw = 1 << 32

// labelledImages draws the share of each class's images that people look at. They
// are chosen among images and not among rows because images come several times:
// whoever remembers one has not learned anything about others.
func labelledImages(set *Images, rng *rand.Rand) []bool {
	labelled := make([]bool, len(set.Labels))
	order := balanced(set, rng)
	for _, i := range order[:int(labelShare*float64(len(order)))] {
		labelled[i] = true
	}
	return labelled
}

// label is what a class is called in the phase.
func (p Phase) label(class int) int {
	if name, ok := p.FiledAs[class]; ok {
		return name
	}
	return class
}

// arrival draws which images a phase shows, with the classes' shares as exact as
// its length allows, and in which order.
func arrival(set *Images, phase Phase, rng *rand.Rand) []int {
	order := evenly(set, phase.Rows, rng)
	if phase.Imbalance > 1 {
		order = longTailed(set, phase, rng)
	}
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if phase.Run > 0 {
		return inRuns(set, order, phase.Run)
	}
	return order
}

// evenly draws n images, all classes alike.
func evenly(set *Images, n int, rng *rand.Rand) []int {
	var order []int
	for len(order) < n {
		order = append(order, balanced(set, rng)...)
	}
	return order[:n]
}

// longTailed draws a phase's images with its imbalance.
func longTailed(set *Images, phase Phase, rng *rand.Rand) []int {
	byClass := make([][]int, Classes)
	for _, i := range balanced(set, rng) {
		byClass[set.Labels[i]] = append(byClass[set.Labels[i]], i)
	}
	out := make([]int, 0, phase.Rows)
	counts := tailCounts(phase.Rows, phase.Imbalance)
	for rank, k := range rng.Perm(Classes) {
		for n := range counts[rank] {
			out = append(out, byClass[k][n%len(byClass[k])])
		}
	}
	return out
}

// tailCounts divides rows among the classes, the most frequent first. Sums of
// counts are rounded, not counts, so that they add up.
func tailCounts(rows int, imbalance float64) []int {
	var upTo [Classes + 1]float64
	for k := range Classes {
		upTo[k+1] = upTo[k] + math.Pow(imbalance, -float64(k)/(Classes-1))
	}
	counts := make([]int, Classes)
	before := 0
	for k := range counts {
		after := int(math.Round(float64(rows) * upTo[k+1] / upTo[Classes]))
		counts[k], before = after-before, after
	}
	return counts
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
