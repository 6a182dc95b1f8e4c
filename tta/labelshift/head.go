package labelshift

import (
	"ttad/accel"
	"ttad/accel/dense"
)

// headDelta is what a generated head adds to the logits of the plain one:
// matrix*h + bias.
type headDelta struct {
	math    *dense.Math
	adapter *Adapter

	hidden, outputs []float32    // of the network
	matrix          dense.Matrix // [classes features]; without rows the bias alone is added
	bias            []float32    // [classes], then fill
	columns         dense.Panels // matrix, as products want it
	change          dense.Matrix // [rows classes]
	row             []float32    // scratch, [features]
}

// newHead makes room for a head, which is not there before generate.
func (a *Adapter) newHead(m *dense.Math) *headDelta {
	d := &headDelta{math: m, adapter: a, hidden: make([]float32, len(a.B1)), outputs: make([]float32, len(a.B2))}
	d.columns = m.Panels(nil, a.Features, a.Classes)
	d.bias = make([]float32, d.columns.Padded())
	if a.Outputs != OutputsBias {
		d.matrix = m.Padded(nil, a.Classes, a.Features)
		d.row = make([]float32, a.Features)
	}
	return d
}

// add changes logits [rows classes] by the head's answer to features [rows features].
// A row of features that is not finite makes its logits so, and no others.
func (d *headDelta) add(logits, features *accel.Tensor) {
	if d.matrix.Rows == 0 {
		for i := range logits.Rows() {
			d.math.Add(logits.Row(i), logits.Row(i), d.bias)
		}
		return
	}
	d.change = d.math.Padded(d.change.Data, logits.Rows(), logits.RowLen())
	p := dense.Product{
		Left:  dense.Matrix{Data: features.Data, Rows: features.Rows(), Columns: features.RowLen(), Step: features.RowLen()},
		Right: &d.columns, ColumnTerms: d.bias,
	}
	p.Into(d.change)
	d.math.Multiply(&p)
	for i := range logits.Rows() {
		d.math.Add(logits.Row(i), logits.Row(i), d.change.Row(i))
	}
}

// Adapt changes logits [rows classes] of the plain head, in place, into those of the
// head generated for a target prior. features [rows features] are not needed for
// OutputsBias.
func (a *Adapter) Adapt(target []float64, logits, features *accel.Tensor) {
	d := a.newHead(dense.Auto())
	d.generate(a.InputFor(target))
	d.add(logits, features)
}

// generate runs the network and folds what it says into one matrix and one bias:
//
//	(W+dW)(gamma*h+beta) + db - W h = (W(gamma-1) + dW gamma) h + (W+dW) beta + db
func (d *headDelta) generate(input []float32) {
	a, m := d.adapter, d.math
	d.run(input)
	if a.Outputs == OutputsBias {
		copy(d.bias, d.outputs)
		return
	}
	gamma1, beta, rest := d.outputs[:a.Features], d.outputs[a.Features:2*a.Features], d.outputs[2*a.Features:]
	copy(d.bias, rest[len(rest)-a.Classes:])
	for k := range a.Classes {
		w, row := a.Head[k*a.Features:(k+1)*a.Features], d.matrix.Row(k)
		m.Mul(row, w, gamma1)
		if a.Outputs == OutputsFull {
			change := rest[k*a.Features : (k+1)*a.Features]
			m.Add(row, row, change)
			m.Mul(d.row, change, gamma1)
			m.Add(row, row, d.row)
			m.Add(d.row, w, change)
			w = d.row
		}
		d.bias[k] += m.Dot(w, beta)
	}
	m.Transposed(&d.columns, d.matrix)
}

// run is the network: one hidden layer of ReLUs.
func (d *headDelta) run(input []float32) {
	a := d.adapter
	d.layer(d.hidden, a.W1, a.B1, input)
	d.math.MaxScalar(d.hidden, d.hidden, 0)
	d.layer(d.outputs, a.W2, a.B2, d.hidden)
}

func (d *headDelta) layer(y, weight, bias, x []float32) {
	for i, b := range bias {
		y[i] = b + d.math.Dot(weight[i*len(x):(i+1)*len(x)], x)
	}
}
