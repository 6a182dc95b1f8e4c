package launch

import (
	"slices"

	"ttad/accel"
)

// binaryFunctions lists functions of two values by the numbers that elementwise.cl
// knows them by.
func binaryFunctions() []accel.BinaryFn {
	return []accel.BinaryFn{
		accel.Add, accel.Sub, accel.Mul, accel.Div, accel.Pow, accel.Min, accel.Max, accel.Mod, accel.Equal, accel.Less,
		accel.LessEqual, accel.Greater, accel.GreaterEqual, accel.And, accel.Or, accel.PRelu,
	}
}

func (l *lowering) binary(n *node, op accel.Binary) {
	fn, in := op.Fn, n.in
	if l.isSquare(n, op) {
		fn, in = accel.Mul, []accel.ValueID{n.in[0], n.in[0]}
	}
	l.combine("binary", n.out, in, integer(slices.Index(binaryFunctions(), fn)))
}

// isSquare reports whether a value is raised to the power of two: exports of layer
// norms and of GELU do that to whole activations.
func (l *lowering) isSquare(n *node, op accel.Binary) bool {
	exponent := l.program.Values[n.in[1]]
	return op.Fn == accel.Pow && len(exponent.Const) == 1 && exponent.Const[0] == 2 && len(exponent.Shape) <= len(l.shape(n.in[0]))
}

func (l *lowering) where(n *node) { l.combine("where", n.out, n.in) }

// combine emits the kernel of that name that suits how the operands are stretched
// over the result. Its arguments are the result, the operands, the number of
// elements, what is given, and where elements lie.
func (l *lowering) combine(kernel string, out accel.ValueID, in []accel.ValueID, given ...operand) {
	result := l.shape(out)
	n := accel.Elements(result)
	if n == 0 {
		return
	}
	args := []operand{l.value(out)}
	shapes := make([][]int, len(in))
	for k, id := range in {
		args = append(args, l.value(id))
		shapes[k] = l.shape(id)
	}
	args = append(append(args, integer(n)), given...)
	if simple, ok := stretches(result, shapes...); ok {
		l.emit(kernel+"_each", across(n), append(args, simple...)...)
		return
	}
	tables, at, rank := l.placing(broadcast(result, shapes...).simplified())
	l.emit(kernel+"_placed", across(n), append(args, tables, at, rank)...)
}
