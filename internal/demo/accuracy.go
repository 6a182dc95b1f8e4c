package demo

import "math"

// window is how many rows an accuracy curve looks back on.
const window = 200

// Accuracy is the share of rows right, by party. Rows whose images get labels are
// left out: a memory of labels may know those very images.
type Accuracy struct {
	Rows   int       // the champion answered
	Shares []float64 // NaN for a party that has answered none
	// Gain is what the champion's correction added to the source model's share.
	Gain float64
}

// tally counts towards an Accuracy.
type tally struct{ answered, right []int }

func (s *Score) newTally() tally {
	return tally{make([]int, len(s.parties)), make([]int, len(s.parties))}
}

// add takes a row in, or with sign -1 out again.
func (t tally) add(o outcome, sign int) {
	if o.labelled {
		return
	}
	for i, class := range o.classes {
		if class == none {
			continue
		}
		t.answered[i] += sign
		if class == o.label {
			t.right[i] += sign
		}
	}
}

func (t tally) accuracy(champion int) Accuracy {
	a := Accuracy{Rows: t.answered[champion], Shares: make([]float64, len(t.right))}
	for i, n := range t.answered {
		a.Shares[i] = math.NaN()
		if n > 0 {
			a.Shares[i] = float64(t.right[i]) / float64(n)
		}
	}
	if a.Rows > 0 {
		a.Gain = a.Shares[champion] - a.Shares[0]
	}
	return a
}

// Phases returns the accuracy within each phase so far.
func (s *Score) Phases() []Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	tallies := make([]tally, len(s.phases))
	for i := range tallies {
		tallies[i] = s.newTally()
	}
	for _, o := range s.rows {
		tallies[o.phase].add(o, 1)
	}
	out := make([]Accuracy, len(tallies))
	for i, t := range tallies {
		out[i] = t.accuracy(s.champion)
	}
	return out
}

// Overall returns the accuracy over all rows so far.
func (s *Score) Overall() Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.newTally()
	for _, o := range s.rows {
		t.add(o, 1)
	}
	return t.accuracy(s.champion)
}

// Curves are accuracy over the last rows, at points along the stream: Shares by
// party, NaN where it has answered none of the window.
type Curves struct {
	X      []float64
	Shares [][]float64
}

// Curves have about the given number of points over the whole stream, of which as
// many are returned as rows were sent.
func (s *Score) Curves(points int) Curves {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := total(s.phases)
	step := max(1, all/max(1, points))
	c := Curves{Shares: make([][]float64, len(s.parties))}
	t := s.newTally()
	for i, o := range s.rows {
		t.add(o, 1)
		if i >= window {
			t.add(s.rows[i-window], -1)
		}
		if (i+1)%step != 0 && i+1 != all {
			continue
		}
		c.X = append(c.X, float64(i+1))
		for p, share := range t.accuracy(s.champion).Shares {
			c.Shares[p] = append(c.Shares[p], share)
		}
	}
	return c
}
