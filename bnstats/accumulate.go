package bnstats

import "fmt"

// Accumulator gathers moments of values that arrive piece by piece, in float64.
// It never forms E[x^2]-E[x]^2, which cancels when the mean is far from zero:
// each piece is measured around its own mean and merged by the rule of Chan,
// Golub and LeVeque 1979.
type Accumulator struct {
	count    float64
	mean, m2 []float64 // m2: sum of squared distances from the mean
}

// NewAccumulator gathers moments of channels channels.
func NewAccumulator(channels int) *Accumulator {
	return &Accumulator{mean: make([]float64, channels), m2: make([]float64, channels)}
}

// Add takes x, laid out [rows channels positions], into account. It panics when
// x has another size.
func (a *Accumulator) Add(x []float32, rows, positions int) {
	c := len(a.mean)
	if len(x) != rows*c*positions {
		panic(fmt.Sprintf("bnstats: %d values for %d rows of %d channels and %d positions", len(x), rows, c, positions))
	}
	n := float64(rows * positions)
	if n == 0 {
		return
	}
	for ch := range c {
		mean := 0.0
		eachValue(x, rows, c, positions, ch, func(v float64) { mean += v })
		mean /= n
		m2 := 0.0
		eachValue(x, rows, c, positions, ch, func(v float64) { m2 += (v - mean) * (v - mean) })
		a.join(ch, n, mean, m2)
	}
	a.count += n
}

func eachValue(x []float32, rows, channels, positions, ch int, f func(float64)) {
	for r := range rows {
		at := (r*channels + ch) * positions
		for _, v := range x[at : at+positions] {
			f(float64(v))
		}
	}
}

// join merges n values with the given moments into one channel.
func (a *Accumulator) join(ch int, n, mean, m2 float64) {
	total := a.count + n
	delta := mean - a.mean[ch]
	a.mean[ch] += delta * n / total
	a.m2[ch] += m2 + delta*delta*a.count*n/total
}

// Merge takes moments of a known count into account. Moments whose count is not
// known cannot be weighed, so they panic.
func (a *Accumulator) Merge(m Moments) {
	if len(m.Mean) != len(a.mean) || len(m.Var) != len(a.mean) || m.Count <= 0 {
		panic(fmt.Sprintf("bnstats: merge moments of %d channels and count %g into %d channels", len(m.Mean), m.Count, len(a.mean)))
	}
	for ch := range a.mean {
		a.join(ch, m.Count, float64(m.Mean[ch]), float64(m.Var[ch])*m.Count)
	}
	a.count += m.Count
}

// Count is the number of values seen in each channel.
func (a *Accumulator) Count() float64 { return a.count }

// Moments returns what was gathered; zeros and count 0 before anything was.
func (a *Accumulator) Moments() Moments {
	m := New(len(a.mean))
	m.Count = a.count
	if a.count == 0 {
		return m
	}
	for ch := range a.mean {
		m.Mean[ch] = float32(a.mean[ch])
		m.Var[ch] = float32(a.m2[ch] / a.count)
	}
	return m
}

// Accumulate returns the moments of x, laid out [rows channels positions].
func Accumulate(x []float32, rows, channels, positions int) Moments {
	a := NewAccumulator(channels)
	a.Add(x, rows, positions)
	return a.Moments()
}

// Merge returns the moments of the union of two sets of known counts, exactly.
func Merge(x, y Moments) Moments {
	same(x, y)
	a := NewAccumulator(len(x.Mean))
	a.Merge(x)
	a.Merge(y)
	return a.Moments()
}
