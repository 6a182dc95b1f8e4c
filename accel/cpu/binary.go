package cpu

import (
	"math"

	"ttad/accel"
	"ttad/accel/cpu/vector"
)

// binaryStep combines two values element by element.
type binaryStep struct {
	arithmetic
	other   func(a, b float32) float32 // for functions that are none of arithmetic
	a, b, y accel.ValueID
	shapes  [3]accel.Shape // a, b, result
	tail    []tailing
}

// arithmetic is a function of two operands, the right one or the left of which may
// be a single value that stands for all.
type arithmetic struct {
	both        func(y, a, b []float32)
	right, left func(y, x []float32, k float32)
}

func newBinary(v vector.Family, p *accel.Program, op accel.Binary, n *node) *binaryStep {
	s := &binaryStep{
		arithmetic: newArithmetic(v, op.Fn), a: n.in[0], b: n.in[1], y: n.out, tail: n.tail,
		shapes: [3]accel.Shape{p.Values[n.in[0]].Shape, p.Values[n.in[1]].Shape, p.Values[n.out].Shape},
	}
	switch exponent := p.Values[s.b].Const; {
	case s.both != nil:
	case op.Fn == accel.Pow && len(exponent) == 1 && exponent[0] == 2:
		s.arithmetic = squares(v)
	default:
		s.other = twoValues(op.Fn)
	}
	return s
}

// squares raises to the power of two without the general algorithm: exports of
// layer norm and GELU do that to whole activations.
func squares(v vector.Family) arithmetic {
	return arithmetic{
		both:  func(y, a, _ []float32) { v.Mul(y, a, a) },
		right: func(y, x []float32, _ float32) { v.Mul(y, x, x) },
	}
}

// newArithmetic returns what package vector has for a function, nothing where it
// has none.
func newArithmetic(v vector.Family, fn accel.BinaryFn) arithmetic {
	switch fn {
	case accel.Add:
		return arithmetic{v.Add, v.AddScalar, v.AddScalar}
	case accel.Sub:
		return arithmetic{v.Sub, v.SubScalar, v.ScalarSub}
	case accel.Mul:
		return arithmetic{v.Mul, v.MulScalar, v.MulScalar}
	case accel.Div:
		return arithmetic{v.Div, v.DivScalar, v.ScalarDiv}
	case accel.Max:
		return arithmetic{v.Max, v.MaxScalar, v.MaxScalar}
	case accel.Min:
		return arithmetic{v.Min, v.MinScalar, v.MinScalar}
	}
	return arithmetic{}
}

func (s *binaryStep) needs(int) needs { return needs{} }

func (s *binaryStep) run(f *frame) error {
	n := len(f.data[s.y])
	f.parallel(s, ceilDiv(n, rangeFloats), 4*n)
	return nil
}

func (s *binaryStep) task(f *frame, _, i int) {
	a, b, y := f.data[s.a], f.data[s.b], f.data[s.y]
	low, high := i*rangeFloats, min((i+1)*rangeFloats, len(y))
	v := broadcastView(s.shapes[2], f.rows, s.shapes[0], s.shapes[1])
	moveA, moveB := v.stride[0][v.rank-1], v.stride[1][v.rank-1]
	v.walk(low, high, func(flat, n int, at [3]int) {
		s.combine(y[flat:flat+n], run(a, at[0], n, moveA), run(b, at[1], n, moveB))
	})
	f.finish(s.tail, y, low, high)
}

// run returns n elements, or the only one that stands for all of them. After
// view.simplify a row-major operand moves by one along the last axis or not at
// all.
func run(x []float32, at, n, move int) []float32 {
	if move == 0 {
		n = 1
	}
	return x[at : at+n]
}

// combine fills y; a or b may be a single value that stands for all.
func (s *binaryStep) combine(y, a, b []float32) {
	switch {
	case s.other != nil:
		combineOther(s.other, y, a, b)
	case len(a) == len(y) && len(b) == len(y):
		s.both(y, a, b)
	case len(b) == 1:
		s.right(y, a, b[0])
	default:
		s.left(y, b, a[0])
	}
}

func combineOther(fn func(a, b float32) float32, y, a, b []float32) {
	stepA, stepB := min(len(a)-1, 1), min(len(b)-1, 1)
	for i := range y {
		y[i] = fn(a[i*stepA], b[i*stepB])
	}
}

// twoValues returns the functions whose own cost hides that of a call.
func twoValues(fn accel.BinaryFn) func(a, b float32) float32 {
	switch fn {
	case accel.Pow:
		return pow
	case accel.Mod:
		return mod
	case accel.PRelu:
		return func(a, b float32) float32 {
			if a < 0 {
				return a * b
			}
			return a
		}
	}
	return comparison(fn)
}

func comparison(fn accel.BinaryFn) func(a, b float32) float32 {
	switch fn {
	case accel.Equal:
		return func(a, b float32) float32 { return truth(a == b) }
	case accel.Less:
		return func(a, b float32) float32 { return truth(a < b) }
	case accel.LessEqual:
		return func(a, b float32) float32 { return truth(a <= b) }
	case accel.Greater:
		return func(a, b float32) float32 { return truth(a > b) }
	case accel.GreaterEqual:
		return func(a, b float32) float32 { return truth(a >= b) }
	case accel.And:
		return func(a, b float32) float32 { return truth(a != 0 && b != 0) }
	case accel.Or:
		return func(a, b float32) float32 { return truth(a != 0 || b != 0) }
	}
	panic("cpu: no kernel for function " + string(fn))
}

func pow(a, b float32) float32 { return float32(math.Pow(float64(a), float64(b))) }

func mod(a, b float32) float32 {
	r := float32(math.Mod(float64(a), float64(b)))
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// whereStep selects between two values.
type whereStep struct {
	cond, a, b, y accel.ValueID
	shapes        [4]accel.Shape // cond, a, b, result
}

func newWhere(p *accel.Program, n *node) *whereStep {
	return &whereStep{
		cond: n.in[0], a: n.in[1], b: n.in[2], y: n.out,
		shapes: [4]accel.Shape{
			p.Values[n.in[0]].Shape, p.Values[n.in[1]].Shape, p.Values[n.in[2]].Shape, p.Values[n.out].Shape,
		},
	}
}

func (s *whereStep) needs(int) needs { return needs{} }

func (s *whereStep) run(f *frame) error {
	n := len(f.data[s.y])
	f.parallel(s, ceilDiv(n, rangeFloats), 8*n)
	return nil
}

func (s *whereStep) task(f *frame, _, i int) {
	cond, a, b, y := f.data[s.cond], f.data[s.a], f.data[s.b], f.data[s.y]
	v := broadcastView(s.shapes[3], f.rows, s.shapes[0], s.shapes[1], s.shapes[2])
	last := v.rank - 1
	v.walk(i*rangeFloats, min((i+1)*rangeFloats, len(y)), func(flat, n int, at [3]int) {
		for j := range n {
			y[flat+j] = b[at[2]+j*v.stride[2][last]]
			if cond[at[0]+j*v.stride[0][last]] != 0 {
				y[flat+j] = a[at[1]+j*v.stride[1][last]]
			}
		}
	})
}
