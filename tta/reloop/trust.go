package reloop

import "math"

// trust learns the weight. Each labelled row says what error was assumed of it
// when it was answered, e, and what the error was in truth, r = onehot(label) - q.
// The best weight in hindsight is the coefficient of e in the least-squares fit
//
//	r ≈ weight·e + doubt·(u - q),   u the uniform distribution
//
// over rows, a row counting half after half_life more. The second term takes what
// plain doubt explains away from what the neighbours do: where labels are noise,
// anything that moves answers toward the middle looks like an improvement, and
// would be credited to the memory.
type trust struct {
	decay float64
	// Sums over rows of inner products: errors e, doubts v = u - q, residuals r.
	ee, ev, vv, re, rv float64
}

// newTrust forgets a row by half after halfLife more.
func newTrust(halfLife float64) trust { return trust{decay: math.Exp2(-1 / halfLife)} }

// learn takes a row into account. One whose error is all zeros had no neighbours,
// or agreed with them, and says nothing.
func (t *trust) learn(q, e []float32, label int, count float64) {
	var ee, ev, vv, re, rv float64
	u := 1 / float64(len(q))
	for k := range q {
		r, a, v := -float64(q[k]), float64(e[k]), u-float64(q[k])
		if k == label {
			r++
		}
		ee, ev, vv, re, rv = ee+a*a, ev+a*v, vv+v*v, re+r*a, rv+r*v
	}
	if ee == 0 {
		return
	}
	add := [...]float64{ee, ev, vv, re, rv}
	for i, sum := range t.sums() {
		*sum = *sum*t.decay + count*add[i]
	}
}

// sums lists the state.
func (t *trust) sums() [5]*float64 { return [5]*float64{&t.ee, &t.ev, &t.vv, &t.re, &t.rv} }

// weight is the fitted coefficient, in [0,1]; 0 while there is nothing to fit.
func (t *trust) weight() float64 {
	doubt := 0.0
	if t.vv > 0 {
		doubt = t.ev / t.vv
	}
	own := t.ee - doubt*t.ev // of e, what doubt does not explain
	if !(own > 1e-9*t.ee) {
		return 0
	}
	return min(max((t.re-doubt*t.rv)/own, 0), 1)
}
