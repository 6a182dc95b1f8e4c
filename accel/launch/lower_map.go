package launch

import (
	"slices"

	"ttad/accel"
)

// mapFunctions lists functions of one value by the numbers that math.cl and
// elementwise.cl know them by. Up to lastActivation they can be done by the kernel
// that computes their operand.
func mapFunctions() []accel.MapFn {
	return []accel.MapFn{
		"", accel.Relu, accel.LeakyRelu, accel.Clip, accel.HardSigmoid, accel.HardSwish, accel.Sigmoid, accel.Silu,
		accel.Elu, accel.Tanh, accel.Gelu, accel.GeluTanh, accel.Erf, accel.Exp, accel.Log, accel.Sqrt, accel.Reciprocal,
		accel.Neg, accel.Abs, accel.Floor, accel.Ceil, accel.Round, accel.Trunc, accel.Softplus, accel.Not, accel.Affine,
	}
}

const lastActivation = 7

// activation is the number by which kernels know what a tail applies: 0 for
// nothing. It reports false for functions that are no tail's.
func activation(m accel.Map) (code int, ok bool) {
	code = slices.Index(mapFunctions(), m.Fn)
	return code, code >= 0 && code <= lastActivation
}

func (l *lowering) mapEach(n *node, op accel.Map) {
	count := accel.Elements(l.shape(n.out))
	fn := slices.Index(mapFunctions(), op.Fn)
	l.emit("map_each", across(count), l.value(n.out), l.value(n.in[0]), integer(count), integer(fn), number(op.A), number(op.B))
}
