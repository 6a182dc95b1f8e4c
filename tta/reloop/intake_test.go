package reloop

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// stream counts what is let in of labels drawn with the given shares while answers
// are given with others.
func stream(n *intake, seed uint64, labels int, share, given []float64) (let []int) {
	r := rand.New(rand.NewPCG(seed, 3))
	let = make([]int, len(share))
	answers := make([]float32, len(given))
	for k, g := range given {
		answers[k] = float32(g)
	}
	for range labels {
		c, u := 0, r.Float64()
		for u > share[c] && c < len(share)-1 {
			u -= share[c]
			c++
		}
		if n.admit(c, answers, 1) {
			let[c]++
		}
	}
	return let
}

func TestOneClassIsLetInUpToItsShare(t *testing.T) {
	for _, c := range []struct {
		name         string
		share, given []float64
		limit        float64
		low, high    float64 // of class 0 among those let in
		all          bool
	}{
		{"balanced labels come in", []float64{0.4, 0.3, 0.3}, []float64{0.3, 0.3, 0.4}, 0.5, 0.35, 0.45, true},
		{"a flood is thinned to the limit", []float64{0.9, 0.05, 0.05}, []float64{0.3, 0.3, 0.4}, 0.5, 0.42, 0.55, false},
		{"a class as frequent as answered comes in", []float64{0.9, 0.1}, []float64{0.9, 0.1}, 0.5, 0.84, 0.92, false},
		{"without a limit all come in", []float64{0.95, 0.05}, []float64{0.5, 0.5}, 1, 0.9, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			let := stream(newIntake(len(c.share), c.limit, 1000), 1, 20_000, c.share, c.given)
			sum := 0
			for _, k := range let {
				sum += k
			}
			share := float64(let[0]) / float64(sum)
			assert.GreaterOrEqual(t, share, c.low)
			assert.LessOrEqual(t, share, c.high)
			assert.Equal(t, c.all, sum > 19_500, "%d of 20,000 let in", sum)
		})
	}
}

func TestAFloodLeavesAClassNoMoreThanItsShare(t *testing.T) {
	given := []float64{0.7, 0.3}
	for _, c := range []struct {
		name      string
		labels    float64 // share of class 0
		low, high float64 // of class 0 among those let in
	}{
		{"as answered", 0.7, 0.66, 0.74},
		{"a little more than answered costs a little", 0.75, 0.62, 0.69},
		{"a flood is held to the share, not to the answers", 0.97, 0.45, 0.55},
	} {
		let := stream(newIntake(2, 0.5, 1000), 1, 20_000, []float64{c.labels, 1 - c.labels}, given)
		share := float64(let[0]) / float64(let[0]+let[1])
		assert.GreaterOrEqual(t, share, c.low, c.name)
		assert.LessOrEqual(t, share, c.high, c.name)
	}
}

func TestAStretchOfOneAnswerHidesNoFlood(t *testing.T) {
	n := newIntake(2, 0.5, 1000)
	stream(n, 1, 3000, []float64{0.5, 0.5}, []float64{0.5, 0.5})
	let := stream(n, 2, 300, []float64{0.97, 0.03}, []float64{0.99, 0.01})
	assert.Less(t, let[0], 100, "of about 290")
}

func TestLabelsOfOneClassAloneSoonStayOut(t *testing.T) {
	n := newIntake(2, 0.5, 1000)
	stream(n, 1, 2000, []float64{0.5, 0.5}, []float64{0.5, 0.5})
	assert.InDelta(t, 1, n.diversity(), 0.05)
	let := stream(n, 2, 10_000, []float64{0, 1}, []float64{0.5, 0.5})
	assert.Less(t, let[1], 200, "of 10,000")
	assert.Less(t, n.diversity(), 0.01)
	stream(n, 3, 1000, []float64{0.5, 0.5}, []float64{0.5, 0.5})
	assert.Greater(t, n.diversity(), 0.9, "when all classes are back, the memory is heard again")
}

func TestAMemoryOfOneClassIsNotBegun(t *testing.T) {
	n := newIntake(2, 0.5, 1000)
	assert.Zero(t, n.diversity())
	assert.Equal(t, []int{0, 0}, stream(n, 1, 5000, []float64{0, 1}, []float64{0.9, 0.1}))
	assert.Zero(t, n.diversity())
	assert.True(t, n.admit(0, []float32{0.9, 0.1}, 1))
}

func TestDiversityIsMeasuredAgainstTheAnswers(t *testing.T) {
	n := newIntake(2, 0.5, 1000)
	stream(n, 1, 5000, []float64{0.95, 0.05}, []float64{0.95, 0.05})
	assert.Greater(t, n.diversity(), 0.6, "one rare class is no flood")
	n = newIntake(2, 0.5, 1000)
	stream(n, 1, 5000, []float64{0.95, 0.05}, []float64{0.5, 0.5})
	assert.Less(t, n.diversity(), 0.4, "the model says that both are frequent")
}

func TestDiversityIsMeasuredAgainstTheUsualLabels(t *testing.T) {
	n := newIntake(2, 0.5, 1000)
	answers := []float64{0.95, 0.05} // the model says one class to nearly all
	stream(n, 1, 3000, []float64{0.5, 0.5}, answers)
	assert.InDelta(t, 1, n.diversity(), 0.05)
	stream(n, 2, 300, []float64{0.95, 0.05}, answers)
	assert.Less(t, n.diversity(), 0.5, "labels have been more diverse")
}

func TestEffectiveNumberOfClasses(t *testing.T) {
	assert.InDelta(t, 1, effective([]float64{7, 0, 0}), 1e-12)
	assert.InDelta(t, 4, effective([]float64{2, 2, 2, 2}), 1e-12)
	assert.InDelta(t, 2, effective([]float64{3, 3, 0}), 1e-12)
	assert.InDelta(t, 1, effective([]float64{0, 0}), 1e-12)
}
