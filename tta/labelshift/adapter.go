package labelshift

import (
	"errors"
	"fmt"
	"math"
)

// What an adapter's network puts out.
const (
	OutputsBias   = "bias"        // db
	OutputsAffine = "affine_bias" // gamma-1, beta, db
	OutputsFull   = "full"        // gamma-1, beta, dW, db
)

// What an adapter's network is given.
const (
	InputLogRatio = "log_ratio" // log target - log source prior, centred; one value a class
	InputDegree   = "degree"    // one scalar: how far, and which way, the target lies along the source's imbalance
)

// Adapter is a network of one hidden layer that turns a prior into a change of the
// classifier head. With h the features and W, b the head's own,
//
//	o = W2 relu(W1 r + b1) + b2,   logits = (W+dW)(gamma*h + beta) + b + db
//
// where r comes from the prior and o holds, in this order, gamma-1 [Features],
// beta [Features], dW [Classes Features], db [Classes], as far as Outputs says.
// With o = 0 the logits keep their bits. 'ttad fit labelshift' trains one.
type Adapter struct {
	Model       string // digest of the model it was trained for
	Classes     int
	Features    int
	Outputs     string
	Input       string
	Tau         float64   // of the loss it was trained with
	SourcePrior []float64 // sums to 1

	W1, B1 []float32 // [hidden inputs], [hidden]
	W2, B2 []float32 // [outputs hidden], [outputs]
	Head   []float32 // W, [Classes Features]; nil for OutputsBias
}

// Inputs is the width of the network's input; 0 for one it does not know.
func (a *Adapter) Inputs() int {
	switch a.Input {
	case InputLogRatio:
		return a.Classes
	case InputDegree:
		return 1
	}
	return 0
}

// OutputWidth is how many values a network for a head puts out; 0 for outputs that
// do not exist.
func OutputWidth(outputs string, classes, features int) int {
	switch outputs {
	case OutputsBias:
		return classes
	case OutputsAffine:
		return 2*features + classes
	case OutputsFull:
		return 2*features + classes*features + classes
	}
	return 0
}

// check holds every size to every other.
func (a *Adapter) check() error {
	const most = 1 << 20 // classes or features; keeps products in range
	hidden, out := len(a.B1), OutputWidth(a.Outputs, a.Classes, a.Features)
	switch {
	case a.Model == "":
		return errors.New("no model is named")
	case a.Classes < 2 || a.Classes > most || a.Features < 0 || a.Features > most:
		return fmt.Errorf("%d classes and %d features", a.Classes, a.Features)
	case out == 0:
		return fmt.Errorf("outputs %q is none of %s, %s, %s", a.Outputs, OutputsBias, OutputsAffine, OutputsFull)
	case a.Inputs() == 0:
		return fmt.Errorf("input %q is none of %s, %s", a.Input, InputLogRatio, InputDegree)
	case hidden == 0 || len(a.W1) != hidden*a.Inputs():
		return fmt.Errorf("w1 has %d values for %d inputs and %d hidden units", len(a.W1), a.Inputs(), hidden)
	case len(a.B2) != out || len(a.W2) != out*hidden:
		return fmt.Errorf("w2 has %d values and b2 %d, for %d hidden units and %d outputs", len(a.W2), len(a.B2), hidden, out)
	case a.Outputs != OutputsBias && (a.Features == 0 || len(a.Head) != a.Classes*a.Features):
		return fmt.Errorf("head has %d values for %d classes and %d features", len(a.Head), a.Classes, a.Features)
	case len(a.SourcePrior) != a.Classes:
		return fmt.Errorf("a source prior of %d entries for %d classes", len(a.SourcePrior), a.Classes)
	}
	return a.checkValues()
}

func (a *Adapter) checkValues() error {
	for _, p := range a.SourcePrior {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("a source prior with %g in it", p)
		}
	}
	if total := sum(a.SourcePrior); math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("a source prior that sums to %.6g", total)
	}
	if math.IsNaN(a.Tau) || math.IsInf(a.Tau, 0) {
		return fmt.Errorf("tau %g", a.Tau)
	}
	for _, values := range [][]float32{a.W1, a.B1, a.W2, a.B2, a.Head} {
		if !finite(values) {
			return errors.New("weights that are not finite")
		}
	}
	return nil
}

// InputFor is what the network is given for a target prior, as in training.
func (a *Adapter) InputFor(target []float64) []float32 { return a.input(target, a.SourcePrior, 0) }

// input clips quotients of the priors as the ratio does.
func (a *Adapter) input(target, source []float64, limit float64) []float32 {
	t, s := floored(target, priorFloor), floored(source, priorFloor)
	if a.Input == InputDegree {
		return []float32{float32(degree(t, s))}
	}
	r := make([]float64, len(t))
	for k := range r {
		r[k] = math.Log(clipped(t[k]/s[k], limit))
	}
	centre(r)
	out := make([]float32, len(r))
	for k, v := range r {
		out[k] = float32(v)
	}
	return out
}

// degree projects the centred logarithm of the target on the source's: 1 is the
// source itself, 0 equally frequent classes, -1 the source turned upside down.
func degree(target, source []float64) float64 {
	a, c := logs(target), logs(source)
	along, length := 0.0, 0.0
	for k := range c {
		along += a[k] * c[k]
		length += c[k] * c[k]
	}
	if length <= 1e-12 {
		return 0
	}
	return math.Max(-1, math.Min(1, along/length))
}

// logs returns centred logarithms.
func logs(p []float64) []float64 {
	out := make([]float64, len(p))
	for k, v := range p {
		out[k] = math.Log(v)
	}
	centre(out)
	return out
}

func centre(v []float64) {
	mean := sum(v) / float64(len(v))
	for k := range v {
		v[k] -= mean
	}
}
