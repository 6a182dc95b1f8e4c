package cpu_test

import (
	"testing"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// BenchmarkElementwise is what transformers and small networks do between their
// products, 8 rows on one worker, as floats of the result a second; a global
// average counts those it reads.
func BenchmarkElementwise(b *testing.B) {
	tokens, wide := accel.BatchShape(197, 192), accel.BatchShape(197, 768)
	for _, c := range []struct {
		name  string
		shape accel.Shape
		op    accel.Op
		more  []*accel.Tensor
	}{
		{"softmax 3x197x197", accel.BatchShape(3, 197, 197), accel.Softmax{Axis: 3}, nil},
		{"softmax 10", accel.BatchShape(1000, 10), accel.Softmax{Axis: 2}, nil},
		{"layer norm 192", tokens, accel.LayerNorm{Axis: 2, Eps: 1e-6}, []*accel.Tensor{ramp(192), ramp(192)}},
		{"layer norm 768", wide, accel.LayerNorm{Axis: 2, Eps: 1e-6}, []*accel.Tensor{ramp(768), ramp(768)}},
		{"gelu 768", wide, accel.Map{Fn: accel.Gelu}, nil},
		{"silu 768", wide, accel.Map{Fn: accel.Silu}, nil},
		{"tanh 768", wide, accel.Map{Fn: accel.Tanh}, nil},
		{"relu 768", wide, accel.Map{Fn: accel.Relu}, nil},
		{"add a row", wide, accel.Binary{Fn: accel.Add}, []*accel.Tensor{ramp(768)}},
		{"scale channels", accel.BatchShape(64, 56, 56), accel.Binary{Fn: accel.Mul}, []*accel.Tensor{ramp(64, 1, 1)}},
		{"global average 7x7", accel.BatchShape(512, 7, 7), accel.Reduce{Fn: accel.ReduceMean, Axes: []int{2, 3}}, nil},
		{"mean of tokens", tokens, accel.Reduce{Fn: accel.ReduceMean, Axes: []int{1}}, nil},
		{"transpose 196x192", accel.BatchShape(192, 196), accel.Transpose{Perm: []int{0, 2, 1}}, nil},
		{"heads", accel.BatchShape(197, 3, 64), accel.Transpose{Perm: []int{0, 2, 1, 3}}, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := &acceltest.Builder{}
			in := []accel.ValueID{p.Input(c.shape)}
			for _, t := range c.more {
				in = append(in, p.Const(t))
			}
			x := newBench(b, 1, p.Program(p.Step(c.op, in...)), 8)
			x.run(b)
			for b.Loop() {
				x.run(b)
			}
			b.ReportMetric(float64(c.shape.Elements(8))*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gfloat/s")
		})
	}
}

// BenchmarkNormOfColumns is the norm of a dense layer that mixes moments, 64 rows
// on one worker.
func BenchmarkNormOfColumns(b *testing.B) {
	p := &acceltest.Builder{}
	const columns = 256
	one := accel.NewTensor(columns)
	for i := range one.Data {
		one.Data[i] = 1
	}
	y := p.Step(accel.Norm{Eps: 1e-5}, p.Input(accel.BatchShape(columns)), p.Const(one), p.Const(ramp(columns)), p.Const(ramp(columns)), p.Const(one))
	x := newBench(b, 1, p.Program(y), 64)
	x.args.Norms = []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: 0.5}}
	x.run(b)
	for b.Loop() {
		x.run(b)
	}
	b.ReportMetric(64*columns*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gfloat/s")
}
