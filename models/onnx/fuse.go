package onnx

import (
	"math"

	"ttad/accel"
)

// fuse finds operators that exporters write as several nodes and makes them one
// step again: fewer passes over memory, and one rounding instead of many.
func fuse(p *accel.Program) {
	r := newRewriter(p)
	patterns := []func(*rewriter, int) bool{
		fuseGate, fuseGelu, fuseLayerNorm, fuseLayerNormBias, fuseMatMulBias,
	}
	for i := range p.Steps {
		for _, pattern := range patterns {
			if pattern(r, i) {
				break
			}
		}
	}
}

func near(a float32, b float64) bool { return math.Abs(float64(a)-b) < 1e-4 }

// product returns the factors of step i when it multiplies.
func (r *rewriter) product(i int) (a, b accel.ValueID, ok bool) {
	return r.combined(r.prog.Steps[i].Out[0], accel.Mul)
}

// fuseGate: x*Sigmoid(x) is Silu, x*HardSigmoid(x) with slope 1/6 is HardSwish.
func fuseGate(r *rewriter, i int) bool {
	a, b, ok := r.product(i)
	if !ok {
		return false
	}
	for _, pair := range [][2]accel.ValueID{{a, b}, {b, a}} {
		x, gate := pair[0], r.step(pair[1])
		if gate == nil || gate.In[0] != x {
			continue
		}
		m, ok := gate.Op.(accel.Map)
		switch {
		case !ok:
		case m.Fn == accel.Sigmoid:
			r.replace(i, accel.Map{Fn: accel.Silu}, x)
			return true
		case m.Fn == accel.HardSigmoid && near(m.A, 1./6) && near(m.B, 0.5):
			r.replace(i, accel.Map{Fn: accel.HardSwish}, x)
			return true
		}
	}
	return false
}

// fuseGelu: x * 0.5 * (1 + Erf(x/sqrt 2)), in whichever order it is multiplied.
func fuseGelu(r *rewriter, i int) bool {
	half, x, gate := 0, accel.NoValue, accel.NoValue
	for _, f := range r.factors(i) {
		c, number := r.number(f)
		switch {
		case number && near(c, 0.5):
			half++
		case gate == accel.NoValue && r.geluGate(f) != accel.NoValue:
			gate = r.geluGate(f)
		case x == accel.NoValue && !number:
			x = f
		default:
			return false
		}
	}
	if half != 1 || gate == accel.NoValue || gate != x {
		return false
	}
	r.replace(i, accel.Map{Fn: accel.Gelu}, x)
	return true
}

// factors flattens a product of three.
func (r *rewriter) factors(i int) []accel.ValueID {
	a, b, ok := r.product(i)
	if !ok {
		return nil
	}
	for _, pair := range [][2]accel.ValueID{{a, b}, {b, a}} {
		if c, d, ok := r.combined(pair[0], accel.Mul); ok && r.uses[pair[0]] == 1 {
			return []accel.ValueID{c, d, pair[1]}
		}
	}
	return nil
}

// geluGate returns x when id is 1 + Erf(x/sqrt 2).
func (r *rewriter) geluGate(id accel.ValueID) accel.ValueID {
	erf, one, ok := r.withNumber(id, accel.Add)
	if !ok || one != 1 {
		return accel.NoValue
	}
	scaled, ok := r.mapped(erf, accel.Erf)
	if !ok {
		return accel.NoValue
	}
	if x, c, ok := r.withNumber(scaled, accel.Mul); ok && near(c, 1/math.Sqrt2) {
		return x
	}
	x, divisor, ok := r.combined(scaled, accel.Div)
	if !ok {
		return accel.NoValue
	}
	if c, number := r.number(divisor); number && near(c, math.Sqrt2) {
		return x
	}
	return accel.NoValue
}

// fuseMatMulBias: a product plus a constant row is a product with c.
func fuseMatMulBias(r *rewriter, i int) bool {
	a, b, ok := r.combined(r.prog.Steps[i].Out[0], accel.Add)
	if !ok {
		return false
	}
	for _, pair := range [][2]accel.ValueID{{a, b}, {b, a}} {
		s, bias := r.step(pair[0]), r.prog.Values[pair[1]]
		if s == nil || bias.Const == nil || r.uses[pair[0]] != 1 || len(bias.Shape) != 1 {
			continue
		}
		m, ok := s.Op.(accel.MatMul)
		shape := r.shape(pair[0])
		if !ok || len(s.In) > 2 || bias.Shape[0] != shape[len(shape)-1] {
			continue
		}
		m.Beta = 1
		r.replace(i, m, s.In[0], s.In[1], pair[1])
		return true
	}
	return false
}
