package cudatest

import (
	"fmt"
	"testing"
)

// Status codes of cuBLAS.
const (
	blasNotInitialized = 1
	blasInvalidValue   = 7
	// blasExecutionFailed says that a kernel of cuBLAS went wrong, and so did the context.
	blasExecutionFailed = 13
)

// CUBLAS builds a cuBLAS that works on the double's cards, and is its path.
func (d *Double) CUBLAS(t testing.TB) string {
	t.Helper()
	d.addBLAS()
	return build(t, "libcublas", libcublas, d.handle)
}

// addBLAS adds the library's functions to the driver's.
func (d *Double) addBLAS() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.functions["cublasCreate_v2"] = function{current, (*call).blasCreate}
	d.functions["cublasDestroy_v2"] = function{current, (*call).blasDestroy}
	d.functions["cublasSetStream_v2"] = function{current, (*call).blasSetStream}
	d.functions["cublasSgemm_v2"] = function{current, (*call).blasProduct}
}

func (c *call) blasCreate() int {
	id := c.double.next()
	c.context.blas[id] = nil
	put(c.arg(0), id)
	return success
}

// blasHandle says whether an argument is a handle, which else is a problem.
func (c *call) blasHandle() bool {
	_, ok := c.context.blas[c.arg(0)]
	if !ok {
		c.double.problem("no cuBLAS handle %#x: never made, or destroyed", c.arg(0))
	}
	return ok
}

func (c *call) blasDestroy() int {
	if !c.blasHandle() {
		return blasNotInitialized
	}
	delete(c.context.blas, c.arg(0))
	return success
}

func (c *call) blasSetStream() int {
	s := c.stream(1)
	if !c.blasHandle() || s == nil {
		return blasNotInitialized
	}
	c.context.blas[c.arg(0)] = s
	return success
}

// matrix is a factor or the result: columns behind each other, stride apart.
type matrix struct {
	at                    uint64
	rows, columns, stride int
}

// blasProduct queues y = alpha*op(a)*op(b) + beta*y. The two numbers are read now, as
// they are by cuBLAS when they lie on the host.
func (c *call) blasProduct() int {
	if !c.blasHandle() || c.context.blas[c.arg(0)] == nil {
		return blasNotInitialized
	}
	m, n, k := c.int(3), c.int(4), c.int(5)
	a, b := matrix{c.arg(7), m, k, c.int(8)}, matrix{c.arg(9), k, n, c.int(10)}
	if c.int(1) == 1 {
		a.rows, a.columns = k, m
	}
	if c.int(2) == 1 {
		b.rows, b.columns = n, k
	}
	y := matrix{c.arg(12), m, n, c.int(13)}
	for _, x := range []matrix{a, b, y} {
		if x.rows < 1 || x.columns < 1 || x.stride < x.rows || !c.context.memory[x.at] {
			c.double.problem("cublasSgemm_v2: matrix %+v is none of cuBLAS's", x)
			return blasInvalidValue
		}
	}
	alpha, beta := *at[float32](uintptr(c.arg(6))), *at[float32](uintptr(c.arg(11)))
	p := product{a, b, y, c.int(1) == 1, c.int(2) == 1, alpha, beta}
	d, x := c.double, c.context
	x.blas[c.arg(0)].add(func() int { return d.fault(p.compute(x.card)) }, a.at, b.at, y.at)
	return success
}

// product is one on its way.
type product struct {
	a, b, y        matrix
	transA, transB bool
	alpha, beta    float32
}

func (p *product) compute(on *card) error {
	a, errA := p.a.read(on)
	b, errB := p.b.read(on)
	y, errY := p.y.read(on)
	if errA != nil || errB != nil || errY != nil {
		return fmt.Errorf("cublasSgemm_v2: %v, %v, %v", errA, errB, errY)
	}
	depth := p.a.columns
	if p.transA {
		depth = p.a.rows
	}
	for j := range p.y.columns {
		for i := range p.y.rows {
			sum := 0.0
			for k := range depth {
				sum += p.a.element(a, i, k, p.transA) * p.b.element(b, k, j, p.transB)
			}
			at := i + j*p.y.stride
			sum *= float64(p.alpha)
			if p.beta != 0 {
				sum += float64(p.beta) * float64(y[at])
			}
			y[at] = float32(sum)
		}
	}
	return on.machine.Write(p.y.at, y)
}

// read is the memory from a matrix's first element to its last.
func (x *matrix) read(on *card) ([]float32, error) {
	v := make([]float32, (x.columns-1)*x.stride+x.rows)
	return v, on.machine.Read(v, x.at)
}

func (x *matrix) element(v []float32, row, column int, transposed bool) float64 {
	if transposed {
		row, column = column, row
	}
	return float64(v[row+column*x.stride])
}
