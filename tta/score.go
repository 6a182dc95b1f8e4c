package tta

import (
	"fmt"
	"math"
)

// eceBins is the number of equal-width bins of the confidence in [0,1].
const eceBins = 15

// nllFloor keeps the logarithm of a probability of 0 finite.
const nllFloor = 1e-12

// Score is how well predictions fit known classes. Error and accuracy judge the
// class answered; the others judge the probabilities, which a decider leaves
// alone. They leave out rows of classes that have no probability because only a
// decider knows them, and are 0 where no row is left.
type Score struct {
	Rows     int     `json:"rows"`
	Error    float64 `json:"error"`    // share of wrong classes
	Accuracy float64 `json:"accuracy"` // 1 - Error
	Brier    float64 `json:"brier"`    // mean over rows of sum_k (p_k - [k=label])^2, in [0,2]
	NLL      float64 `json:"nll"`      // mean of -ln p_label, nats
	ECE      float64 `json:"ece"`      // expected calibration error of the largest probability, in [0,1]
}

// Scorer accumulates a Score row by row, in float64.
type Scorer struct {
	rows, wrong int
	judged      int // rows whose class has a probability
	brier, nll  float64
	bins        [eceBins]bin
}

// bin gathers the rows whose largest probability falls into it.
type bin struct {
	rows, right int
	confidence  float64
}

// Add takes a row into account: its probabilities, the class answered and the
// true one. A row whose probabilities are not finite counts as certain of nothing
// and wrong.
func (s *Scorer) Add(probs []float32, class, label int) {
	if label < 0 {
		panic(fmt.Sprintf("tta: label %d", label))
	}
	s.rows++
	if class != label {
		s.wrong++
	}
	if label >= len(probs) {
		return
	}
	s.judged++
	top := Argmax(probs)
	if top < 0 {
		s.brier++
		s.nll -= math.Log(nllFloor)
		s.bins[0].rows++
		return
	}
	for k, p := range probs {
		d := float64(p)
		if k == label {
			d--
		}
		s.brier += d * d
	}
	s.nll -= math.Log(max(float64(probs[label]), nllFloor))
	s.bins[binOf(float64(probs[top]))].add(float64(probs[top]), top == label)
}

// binOf is the bin of a confidence; bin i covers (i/15, (i+1)/15].
func binOf(confidence float64) int {
	return min(max(int(math.Ceil(confidence*eceBins))-1, 0), eceBins-1)
}

func (b *bin) add(confidence float64, right bool) {
	b.rows++
	b.confidence += confidence
	if right {
		b.right++
	}
}

// Rows is the number of rows so far.
func (s *Scorer) Rows() int { return s.rows }

// Score returns the figures so far; zeros before the first row.
func (s *Scorer) Score() Score {
	if s.rows == 0 {
		return Score{}
	}
	out := Score{Rows: s.rows, Error: float64(s.wrong) / float64(s.rows)}
	out.Accuracy = 1 - out.Error
	if s.judged == 0 {
		return out
	}
	n := float64(s.judged)
	out.Brier, out.NLL = s.brier/n, s.nll/n
	for _, b := range s.bins {
		out.ECE += math.Abs(float64(b.right)-b.confidence) / n
	}
	return out
}
