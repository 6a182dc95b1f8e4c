package fit

import (
	"math"
	"math/rand/v2"

	"ttad/accel"
	"ttad/tta"
	"ttad/tta/labelshift"
)

// examination is held-out rows and the priors an adapter is judged under: drawn
// once, so that epochs can be compared.
type examination struct {
	rows   *Source
	source []float64
	tau    float64
	priors [][]float64
	rng    *rand.Rand
}

// examine prepares the held-out rows.
func examine(rows *Source, source []float64, o Options) *examination {
	const priors = 16
	e := &examination{rows: rows, source: source, tau: o.Tau, rng: rand.New(rand.NewPCG(o.Seed, 0xe8))}
	f := newFamily(source, e.rng)
	for range priors {
		e.priors = append(e.priors, f.draw())
	}
	return e
}

// losses is the generalized logit-adjusted loss of each row, its mean over the
// priors. What answers is a correction for a target prior; nil is the plain head.
func (e *examination) losses(correct correction) []float64 {
	out := make([]float64, len(e.rows.Labels))
	for _, target := range e.priors {
		logits := e.rows.Logits.Clone()
		if correct != nil {
			correct(target, logits, e.rows.Features)
		}
		back := offset(e.source, target, e.tau)
		for i, y := range e.rows.Labels {
			for k := range back {
				logits.Row(i)[k] += back[k]
			}
			out[i] += crossEntropy(logits.Row(i), y) / float64(len(e.priors))
		}
	}
	return out
}

// correction changes logits made under the source prior into those for a target.
type correction func(target []float64, logits, features *accel.Tensor)

// ratio is the correction by Bayes' rule.
func (e *examination) ratio(target []float64, logits, _ *accel.Tensor) {
	change := offset(target, e.source, 1)
	for i := range logits.Rows() {
		for k := range change {
			logits.Row(i)[k] += change[k]
		}
	}
}

func (e *examination) loss(a *labelshift.Adapter) float64 { return mean(e.losses(a.Adapt)) }

func crossEntropy(logits []float32, label int) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range logits {
		top = math.Max(top, float64(v))
	}
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum) - float64(logits[label])
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// errors draws held-out rows anew as each prior would have them, estimates the
// prior from the plain head's probabilities, as one has to on a stream, and counts
// wrong answers after the corrections given. The result is in their order.
func (e *examination) errors(corrections ...correction) []float64 {
	wrong, seen := make([]float64, len(corrections)), 0.0
	for _, target := range e.priors {
		rows := e.rows.take(e.sample(target))
		if len(rows.Labels) == 0 {
			continue
		}
		estimated, _ := labelshift.EM(probabilities(rows.Logits), e.source)
		estimated = shares(estimated)
		for c, correct := range corrections {
			logits := rows.Logits.Clone()
			if correct != nil {
				correct(estimated, logits, rows.Features)
			}
			for i, y := range rows.Labels {
				if tta.Argmax(logits.Row(i)) != y {
					wrong[c]++
				}
			}
		}
		seen += float64(len(rows.Labels))
	}
	for c := range wrong {
		wrong[c] /= math.Max(seen, 1)
	}
	return wrong
}

// sample keeps each row with a chance proportional to target over held-out share
// of its class, so that no row comes twice.
func (e *examination) sample(target []float64) []int {
	have, most := e.rows.Prior(), 0.0
	for k, p := range have {
		if p > 0 {
			most = math.Max(most, target[k]/p)
		}
	}
	var rows []int
	for i, y := range e.rows.Labels {
		if e.rng.Float64() < target[y]/have[y]/most {
			rows = append(rows, i)
		}
	}
	return rows
}

func probabilities(logits *accel.Tensor) [][]float64 {
	p := accel.NewTensor(logits.Shape...)
	tta.Softmax(p, logits)
	out := make([][]float64, p.Rows())
	for i := range out {
		for _, v := range p.Row(i) {
			out[i] = append(out[i], float64(v))
		}
	}
	return out
}
