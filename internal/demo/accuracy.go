package demo

import "math"

// window is how many rows an accuracy curve looks back on.
const window = 200

// Accuracy is the share of rows right: of the model alone, of the challenger's
// correction and of the champion's.
type Accuracy struct {
	Rows       int     `json:"rows"`
	Source     float64 `json:"source"`
	Challenger float64 `json:"challenger"`
	Corrected  float64 `json:"corrected"`
}

// Gain is what the champion's correction added.
func (a Accuracy) Gain() float64 { return a.Corrected - a.Source }

// tally counts towards an Accuracy.
type tally struct{ rows, source, corrected, challenged, challenger int }

func (t *tally) add(o outcome, sign int) {
	if !o.answered {
		return
	}
	t.rows += sign
	if o.answer.Source == o.label {
		t.source += sign
	}
	if o.answer.Class == o.label {
		t.corrected += sign
	}
	if o.challenged {
		t.challenged += sign
	}
	if o.challenged && o.challenger == o.label {
		t.challenger += sign
	}
}

func (t tally) accuracy() Accuracy {
	if t.rows == 0 {
		return Accuracy{}
	}
	n := float64(t.rows)
	return Accuracy{
		Rows: t.rows, Source: float64(t.source) / n, Corrected: float64(t.corrected) / n,
		Challenger: float64(t.challenger) / float64(max(1, t.challenged)),
	}
}

// Phases returns the accuracy within each phase so far.
func (s *Score) Phases() []Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	tallies := make([]tally, len(s.phases))
	for _, o := range s.rows {
		tallies[o.phase].add(o, 1)
	}
	out := make([]Accuracy, len(tallies))
	for i, t := range tallies {
		out[i] = t.accuracy()
	}
	return out
}

// Overall returns the accuracy over all rows so far.
func (s *Score) Overall() Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	var t tally
	for _, o := range s.rows {
		t.add(o, 1)
	}
	return t.accuracy()
}

// Curve is accuracy over the last rows, at points along the stream. Values are NaN
// where no row of the window has been answered.
type Curve struct{ X, Source, Challenger, Corrected []float64 }

// Curve has about the given number of points over the whole stream, of which as
// many are returned as rows were sent.
func (s *Score) Curve(points int) Curve {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := max(1, total(s.phases)/max(1, points))
	var c Curve
	var t tally
	for i, o := range s.rows {
		t.add(o, 1)
		if i >= window {
			t.add(s.rows[i-window], -1)
		}
		if (i+1)%step != 0 && i+1 != total(s.phases) {
			continue
		}
		c.X = append(c.X, float64(i+1))
		a := t.accuracy()
		if t.rows == 0 {
			a.Source, a.Corrected = math.NaN(), math.NaN()
		}
		if t.challenged == 0 {
			a.Challenger = math.NaN()
		}
		c.Source, c.Corrected = append(c.Source, a.Source), append(c.Corrected, a.Corrected)
		c.Challenger = append(c.Challenger, a.Challenger)
	}
	return c
}
