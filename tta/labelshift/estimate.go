package labelshift

import (
	"math"
	"slices"

	"ttad/accel"
)

// estimate is the running estimate of the stream's prior: a mean over rows in
// which a row counts half after each half-life.
type estimate struct {
	kind     string
	halfLife float64 // rows
	decay    float64 // weight of the past against a batch; replaces halfLife where byBatch
	byBatch  bool
	start    float64 // rows the source prior counts for while few were seen
	floor    float64 // least share of a class
	inverse  *inverse

	source []float64 // floored, sums to 1
	now    []float64 // sums to 1
	seen   float64   // rows so far
	// age grows by -log(1-r) with every step of rate r, so that what entered the
	// mean at age a still has exp(a-age) of its weight.
	age       float64
	predicted []float64 // running share of each predicted class, for bbse; else nil

	p, mean, weights []float64 // scratch
}

func newEstimate(cfg *Config, source []float64, c *Confusion) (*estimate, error) {
	k := len(source)
	e := &estimate{
		kind: cfg.Estimate, halfLife: cfg.halfLife(), byBatch: cfg.PriorDecay != nil, start: cfg.SourceRows,
		floor: cfg.Floor / float64(k), source: floored(source, priorFloor),
		p: make([]float64, k), mean: make([]float64, k), weights: make([]float64, k),
	}
	if e.byBatch {
		e.decay = *cfg.PriorDecay
	}
	if e.kind == EstimateBBSE {
		var err error
		if e.inverse, err = c.invert(); err != nil {
			return nil, err
		}
	}
	e.reset()
	return e, nil
}

// reset forgets the stream.
func (e *estimate) reset() {
	e.now, e.seen, e.age = slices.Clone(e.source), 0, 0
	if e.inverse != nil {
		e.predicted = e.inverse.rates(e.source)
	}
}

// rate is the weight of n new rows against everything before them.
func (e *estimate) rate(n float64) float64 {
	steady := 1 - e.decay
	if !e.byBatch {
		steady = -math.Expm1(-math.Ln2 * n / e.halfLife)
	}
	if e.start == 0 {
		return steady
	}
	return math.Max(steady, n/(e.seen+n+e.start))
}

// observe lets the estimate follow a batch of logits [rows classes]. Rows that are
// not finite count for nothing.
func (e *estimate) observe(logits *accel.Tensor) {
	if e.kind == EstimateLabels {
		return
	}
	clear(e.mean)
	quotients(e.weights, e.now, e.source)
	n := 0.0
	for i := range logits.Rows() {
		if softmax(e.p, logits.Row(i)) && e.guess(e.p) {
			n++
			add(e.mean, e.p)
		}
	}
	if n == 0 {
		return
	}
	for k := range e.mean {
		e.mean[k] /= n
	}
	e.step(e.mean, e.rate(n), n)
}

// guess turns a row's probabilities, in place, into what it adds to the mean.
// e.weights must hold target over source.
func (e *estimate) guess(p []float64) bool {
	switch e.kind {
	case EstimateEM:
		return posterior(p, e.weights)
	case EstimateBBSE:
		best := argmax(p)
		clear(p)
		p[best] = 1
	}
	return true
}

// step moves the estimate by rate toward the mean of n rows.
func (e *estimate) step(mean []float64, rate, n float64) {
	moving := e.now
	if e.inverse != nil {
		moving = e.predicted
	}
	for k, v := range mean {
		moving[k] = (1-rate)*moving[k] + rate*v
	}
	if e.inverse != nil {
		e.inverse.prior(e.now, e.predicted)
	}
	floorInPlace(e.now, e.floor)
	e.seen += n
	e.age += aging(rate)
}

// aging is what a step of a rate adds to the mean's age.
func aging(rate float64) float64 { return -math.Log1p(-math.Min(rate, 1-1e-12)) }

// settle makes a distribution of the estimate again after it was moved.
func (e *estimate) settle() {
	for k, v := range e.now {
		e.now[k] = math.Max(v, 0)
	}
	floorInPlace(e.now, e.floor)
}

func argmax(p []float64) int {
	best := 0
	for k, v := range p {
		if v > p[best] {
			best = k
		}
	}
	return best
}
