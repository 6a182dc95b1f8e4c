package labelshift

import (
	"math"
	"slices"

	"ttad/accel"
	"ttad/accel/dense"
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

	math    *dense.Math
	mean    []float64
	guesses []float32 // scratch, [rows classes]
	row     struct{ weights, moved, zeros []float32 }
	squares []float64
}

func newEstimate(m *dense.Math, cfg *Config, source []float64, c *Confusion) (*estimate, error) {
	k := len(source)
	e := &estimate{
		kind: cfg.Estimate, halfLife: cfg.halfLife(), byBatch: cfg.PriorDecay != nil, start: cfg.SourceRows,
		floor: cfg.Floor / float64(k), source: floored(source, priorFloor),
		math: m, mean: make([]float64, k), squares: make([]float64, k),
	}
	e.row.weights, e.row.moved, e.row.zeros = make([]float32, k), make([]float32, k), make([]float32, k)
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
	n := e.guess(logits)
	if n == 0 {
		return
	}
	clear(e.mean)
	e.math.ColumnMoments(e.mean, e.squares, e.guesses, e.row.zeros)
	for k := range e.mean {
		e.mean[k] /= n
	}
	e.step(e.mean, e.rate(n), n)
}

// guess writes into e.guesses what each row of logits adds to the mean, and returns
// how many rows add something. The others' guesses are zeros.
func (e *estimate) guess(logits *accel.Tensor) (n float64) {
	e.guesses = slices.Grow(e.guesses[:0], len(logits.Data))[:len(logits.Data)]
	for k := range e.now {
		e.row.weights[k] = float32(e.now[k] / e.source[k])
	}
	k := len(e.now)
	for i := range logits.Rows() {
		p := e.guesses[i*k : (i+1)*k]
		if e.guessOf(p, logits.Row(i)) {
			n++
		} else {
			clear(p)
		}
	}
	return n
}

func (e *estimate) guessOf(p, logits []float32) bool {
	if total := e.math.Sum(logits); total-total != 0 {
		return false
	}
	switch e.kind {
	case EstimateBBSE:
		clear(p)
		p[argmax(logits)] = 1
		return true
	case EstimateEM:
		e.math.Softmax(p, logits)
		return posterior(e.math, p, e.row.weights, e.row.moved)
	}
	e.math.Softmax(p, logits)
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

func argmax(p []float32) int {
	best := 0
	for k, v := range p {
		if v > p[best] {
			best = k
		}
	}
	return best
}
