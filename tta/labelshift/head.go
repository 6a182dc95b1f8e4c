package labelshift

import "ttad/accel"

// headDelta is what a generated head adds to the logits of the plain one:
// matrix*h + bias.
type headDelta struct {
	matrix []float32 // [classes features]; nil adds the bias alone
	bias   []float32
}

// add changes a row of logits.
func (d *headDelta) add(logits, features []float32) {
	for k := range logits {
		v := d.bias[k]
		if d.matrix != nil {
			v += dot(d.matrix[k*len(features):(k+1)*len(features)], features)
		}
		logits[k] += v
	}
}

// Adapt changes logits [rows classes] of the plain head, in place, into those of the
// head generated for a target prior. features [rows features] are not needed for
// OutputsBias.
func (a *Adapter) Adapt(target []float64, logits, features *accel.Tensor) {
	d := a.generate(a.InputFor(target))
	for i := range logits.Rows() {
		d.add(logits.Row(i), featuresOf(features, i))
	}
}

func featuresOf(features *accel.Tensor, row int) []float32 {
	if features == nil {
		return nil
	}
	return features.Row(row)
}

// generate runs the network and folds what it says into one matrix and one bias:
//
//	(W+dW)(gamma*h+beta) + db - W h = (W(gamma-1) + dW gamma) h + (W+dW) beta + db
func (a *Adapter) generate(input []float32) *headDelta {
	o := a.outputs(input)
	if a.Outputs == OutputsBias {
		return &headDelta{bias: o}
	}
	gamma1, beta, rest := o[:a.Features], o[a.Features:2*a.Features], o[2*a.Features:]
	dw, db := []float32(nil), rest
	if a.Outputs == OutputsFull {
		dw, db = rest[:len(a.Head)], rest[len(a.Head):]
	}
	d := &headDelta{matrix: make([]float32, len(a.Head)), bias: db}
	for k := range a.Classes {
		shift := 0.0
		for j := range a.Features {
			at := k*a.Features + j
			w, change := a.Head[at], float32(0)
			if dw != nil {
				change = dw[at]
			}
			d.matrix[at] = w*gamma1[j] + change*(1+gamma1[j])
			shift += float64(w+change) * float64(beta[j])
		}
		d.bias[k] += float32(shift)
	}
	return d
}

// outputs is the network: one hidden layer of ReLUs.
func (a *Adapter) outputs(input []float32) []float32 {
	hidden := layer(a.W1, a.B1, input)
	for i, v := range hidden {
		hidden[i] = max(v, 0)
	}
	return layer(a.W2, a.B2, hidden)
}

func layer(weight, bias, x []float32) []float32 {
	y := make([]float32, len(bias))
	for i, b := range bias {
		y[i] = b + dot(weight[i*len(x):(i+1)*len(x)], x)
	}
	return y
}

// dot keeps four sums apart, which the processor can add at the same time.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
