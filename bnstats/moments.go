package bnstats

import "fmt"

// Moments are per-channel statistics of a set of values: the biased variance
// (divided by Count) and the number of values seen in each channel. Count 0
// means the number is not known, as for moments read from a model file.
type Moments struct {
	Mean, Var []float32
	Count     float64
}

// New returns zero moments of channels channels.
func New(channels int) Moments {
	return Moments{Mean: make([]float32, channels), Var: make([]float32, channels)}
}

// Channels is the number of channels.
func (m Moments) Channels() int { return len(m.Mean) }

// Clone returns a deep copy.
func (m Moments) Clone() Moments {
	return Moments{
		Mean:  append([]float32(nil), m.Mean...),
		Var:   append([]float32(nil), m.Var...),
		Count: m.Count,
	}
}

// same panics unless a and b describe the same channels.
func same(a, b Moments) {
	if len(a.Mean) != len(b.Mean) || len(a.Mean) != len(a.Var) || len(b.Mean) != len(b.Var) {
		panic(fmt.Sprintf("bnstats: moments of %d/%d and %d/%d channels (mean/variance)", len(a.Mean), len(a.Var), len(b.Mean), len(b.Var)))
	}
}
