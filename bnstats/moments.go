package bnstats

// Moments are per-channel statistics of a set of values: the biased variance
// (divided by Count) and the number of values seen in each channel. Count 0
// means the number is not known, as for moments read from a model file.
type Moments struct {
	Mean, Var []float32
	Count     float64
}
