package launch

import (
	"slices"

	"ttad/accel"
)

// product is a stack of matrices, each the product of two others, and where these lie.
type product struct {
	a, b, c              accel.ValueID // c may be accel.NoValue
	rows, columns, depth int
	// left, right and addend are the elements from one row of a, b and c to the next,
	// and from one column to the next.
	left, right, addend [2]int
	stack               view // of a, b and c
	alpha, beta         float32
}

func (l *lowering) matMul(n *node, op accel.MatMul) { l.multiply(n, l.product(n, op)) }

// product is what the kernels of gemm.cl are told of a MatMul.
func (l *lowering) product(n *node, op accel.MatMul) product {
	p := product{a: n.in[0], b: n.in[1], c: n.in[2], alpha: op.Alpha, beta: op.Beta}
	out, a, b, c := l.shape(n.out), l.shape(p.a), l.shape(p.b), []int{}
	if p.c != accel.NoValue {
		c = l.shape(p.c)
	}
	p.rows, p.depth, p.left = matrix(a, op.TransA)
	_, p.columns, p.right = matrix(b, op.TransB)
	all := broadcast(out, a, b, c)
	last := len(out) - 2
	p.addend = [2]int{all.axes[last].strides[2], all.axes[last+1].strides[2]}
	p.stack = view{axes: all.axes[:last]}.simplified()
	return p.merged()
}

// matrix returns the extents of the last two axes as a product sees them, and their
// strides.
func matrix(shape []int, trans bool) (rows, columns int, strides [2]int) {
	last := len(shape) - 1
	rows, columns, strides = shape[last-1], shape[last], [2]int{shape[last], 1}
	if trans {
		return columns, rows, [2]int{1, columns}
	}
	return rows, columns, strides
}

// merged makes one matrix of those that are multiplied by the same b, where their rows
// are as far from each other as if they were one: tokens by weights.
func (p product) merged() product {
	for len(p.stack.axes) > 0 {
		axis := p.stack.axes[len(p.stack.axes)-1]
		if p.rows == 1 {
			p.left[0], p.addend[0] = axis.strides[0], axis.strides[2]
		}
		if axis.strides[1] != 0 || axis.strides[0] != p.rows*p.left[0] || axis.strides[2] != p.rows*p.addend[0] {
			break
		}
		p.rows *= axis.extent
		p.stack.axes = p.stack.axes[:len(p.stack.axes)-1]
	}
	return p
}

// matrices is how many there are in the stack.
func (p product) matrices() int {
	n := 1
	for _, axis := range p.stack.axes {
		n *= axis.extent
	}
	return n
}

// bias is c as one value a column, if it is that or absent.
func (p product) bias() (b bias, ok bool) {
	b = bias{value: p.c, channels: 1, inner: 1, factor: p.beta}
	if p.addend[1] != 0 {
		b.channels = p.columns
	}
	repeated := !slices.ContainsFunc(p.stack.axes, func(a viewAxis) bool { return a.strides[2] != 0 })
	return b, p.addend[0] == 0 && repeated
}

// fewRows is the most of kernel matmul_rows.
const fewRows = 8

// multiply emits the launches of a product.
func (l *lowering) multiply(n *node, p product) {
	scratch := l.takeParts(accel.Elements(l.shape(n.out)), p.depth)
	if p.rows <= fewRows {
		l.multiplyRows(n, p)
		return
	}
	tiles := p.matrices() * ceilDiv(p.rows, tileSide) * ceilDiv(p.columns, tileSide)
	count, span := parts(tiles, p.depth)
	b, ok := p.bias()
	if count == 1 || !ok {
		args := append(l.productArgs(l.value(n.out), p, n.tail), integers(p.matrices(), max(span, p.depth))...)
		l.emit("matmul", [3]int{tiles, 1, 1}, args...)
		return
	}
	p.c = accel.NoValue
	args := append(l.productArgs(scratch, p, noTail), integers(p.matrices(), span)...)
	l.emit("matmul", [3]int{tiles * count, 1, 1}, args...)
	l.join(n, scratch, count, b)
}

// multiplyRows emits the launch for a few rows. How many items share a column goes by
// which neighbours of b lie next to each other.
func (l *lowering) multiplyRows(n *node, p product) {
	lanes := 8
	if p.right[1] != 1 {
		lanes = 32
	}
	groups := p.matrices() * ceilDiv(p.columns, 256/lanes)
	l.emit("matmul_rows", [3]int{groups, 1, 1}, append(l.productArgs(l.value(n.out), p, n.tail), integer(lanes))...)
}

// productArgs are the arguments that both kernels have.
func (l *lowering) productArgs(y operand, p product, t tail) []operand {
	c := l.given(p.c, p.a)
	tables, at, axes := l.placing(p.stack)
	args := []operand{y, l.value(p.a), l.value(p.b), c[0], tables, at, axes}
	args = append(args, integers(p.rows, p.columns, p.depth, p.left[0], p.left[1], p.right[0], p.right[1])...)
	args = append(args, c[1], integer(p.addend[0]), integer(p.addend[1]), number(p.alpha), number(p.beta))
	return append(args, l.ending(t, p.a)...)
}
