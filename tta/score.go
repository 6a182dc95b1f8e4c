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
	// AUC is the chance that a row of class 1 has a larger probability of class 1
	// than a row of class 0, ties half. Only Prequential fills it in, for models of
	// two classes; nil where one of the two has no row.
	AUC *float64 `json:"auc,omitempty"`
	// GAUC is the AUC within each key that has rows of both classes, averaged by
	// their rows. Only a window has it; nil where no key has both.
	GAUC *float64 `json:"gauc,omitempty"`
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

// mark is what one row adds to a score.
type mark struct {
	wrong      bool // the class answered
	judged     bool // the rest is known
	right      bool // the class of the largest probability
	bin        int8
	confidence float32
	brier, nll float64
}

// judge marks a row. A row whose probabilities are not finite counts as certain of
// nothing and wrong.
func judge(probs []float32, class, label int) mark {
	if label < 0 {
		panic(fmt.Sprintf("tta: label %d", label))
	}
	m := mark{wrong: class != label, judged: label < len(probs)}
	if !m.judged {
		return m
	}
	top := Argmax(probs)
	if top < 0 {
		m.brier, m.nll = 1, -math.Log(nllFloor)
		return m
	}
	m.brier = brier(probs, label)
	m.nll = -math.Log(max(float64(probs[label]), nllFloor))
	m.confidence, m.right = probs[top], top == label
	m.bin = int8(binOf(float64(m.confidence)))
	return m
}

// brier is a row's squared distance from certainty of the label.
func brier(probs []float32, label int) float64 {
	sum := 0.0
	for k, p := range probs {
		d := float64(p)
		if k == label {
			d--
		}
		sum += d * d
	}
	return sum
}

// binOf is the bin of a confidence; bin i covers (i/15, (i+1)/15].
func binOf(confidence float64) int {
	return min(max(int(math.Ceil(confidence*eceBins))-1, 0), eceBins-1)
}

// Add takes a row into account: its probabilities, the class answered and the
// true one. A row whose probabilities are not finite counts as certain of nothing
// and wrong.
func (s *Scorer) Add(probs []float32, class, label int) { s.count(judge(probs, class, label), 1) }

// count adds a mark n times; -1 takes it away.
func (s *Scorer) count(m mark, n int) {
	s.rows += n
	if m.wrong {
		s.wrong += n
	}
	if !m.judged {
		return
	}
	s.judged += n
	s.brier += float64(n) * m.brier
	s.nll += float64(n) * m.nll
	b := &s.bins[m.bin]
	b.rows += n
	b.confidence += float64(n) * float64(m.confidence)
	if m.right {
		b.right += n
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
