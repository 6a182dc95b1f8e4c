package cuda

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/dynlib"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// blas is NVIDIA's cuBLAS, which comes with the toolkit and not with the driver. It
// computes plain products in place of kernel matmul: faster, in an order of sums of
// its own that may change with the number of rows, so only where it is asked for.
type blas struct {
	create, destroy, setStream, gemm dynlib.Func
	params                           productParams
}

// multiplier is the kernel whose place it takes.
const multiplier = "matmul"

// openBLAS opens the library, if the configuration wants it and it is here and takes the
// card: one of a newer toolkit than the driver does not. ttad's own kernels do where
// there is none. It runs on the thread.
func openBLAS(l *library, c Config, multiply *kernels.Kernel, log zerolog.Logger) *blas {
	names := []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"}
	switch c.CUBLAS {
	case "", "off":
		return nil
	case "auto":
	default:
		names = []string{c.CUBLAS}
	}
	var why error
	for _, name := range names {
		b, err := loadBLAS(name, multiply)
		if err == nil {
			err = b.try(l)
		}
		if err == nil {
			return b
		}
		why = errors.Join(why, fmt.Errorf("%s: %w", name, err))
	}
	log.Warn().Err(why).Msg("cuBLAS is not used: products are ttad's own")
	return nil
}

// try has the library start in the context.
func (b *blas) try(l *library) error {
	h, err := b.start(l)
	if err != nil {
		return err
	}
	return b.release(h)
}

func loadBLAS(name string, multiply *kernels.Kernel) (*blas, error) {
	file, err := dynlib.Open(name)
	if err != nil {
		return nil, err
	}
	b := &blas{}
	err = file.Bind(map[string]*dynlib.Func{
		"cublasCreate_v2": &b.create, "cublasDestroy_v2": &b.destroy,
		"cublasSetStream_v2": &b.setStream, "cublasSgemm_v2": &b.gemm,
	})
	if err != nil {
		return nil, err
	}
	b.params, err = paramsOf(multiply)
	return b, err
}

// BLASError is what a function of cuBLAS answered.
type BLASError struct {
	Call string
	Code int // of cublasStatus_t
}

// Error names the call and the code: cuBLAS of CUDA 11 has no words for it.
func (e *BLASError) Error() string { return fmt.Sprintf("%s: cuBLAS status %d", e.Call, e.Code) }

// Unwrap is the error of package accel that the code amounts to, if any.
func (e *BLASError) Unwrap() error {
	switch e.Code {
	case 3: // allocation failed
		return accel.ErrOutOfMemory
	case 13: // execution failed: so has the context
		return accel.ErrLost
	}
	return nil
}

func checkBLAS(call string, result uintptr) error {
	if code := int32(result); code != 0 {
		return &BLASError{Call: call, Code: int(code)}
	}
	return nil
}

// start makes what cuBLAS calls a handle. It runs on the thread.
func (b *blas) start(l *library) (uintptr, error) {
	l.out[0] = 0
	err := checkBLAS("cublasCreate_v2", b.create.Call(l.first()))
	return uintptr(l.out[0]), err
}

// handle makes cuBLAS work in a stream. It runs on the thread.
func (b *blas) handle(l *library, stream uintptr) (uintptr, error) {
	h, err := b.start(l)
	if err != nil {
		return 0, err
	}
	if err := checkBLAS("cublasSetStream_v2", b.setStream.Call(h, stream)); err != nil {
		return 0, errors.Join(err, b.release(h))
	}
	return h, nil
}

func (b *blas) release(handle uintptr) error {
	return checkBLAS("cublasDestroy_v2", b.destroy.Call(handle))
}

// productParams are the places of kernel matmul's parameters that say what it is asked.
type productParams struct {
	y, a, b                           int
	rows, columns, depth              int
	aRow, aDepth, bDepth, bColumn     int
	hasC, hasAdd, act, matrices, span int
	alpha                             int
}

func paramsOf(k *kernels.Kernel) (p productParams, err error) {
	for name, to := range map[string]*int{
		"y": &p.y, "a": &p.a, "b": &p.b, "rows": &p.rows, "columns": &p.columns, "depth": &p.depth,
		"a_row": &p.aRow, "a_depth": &p.aDepth, "b_depth": &p.bDepth, "b_column": &p.bColumn,
		"has_c": &p.hasC, "has_add": &p.hasAdd, "act": &p.act, "matrices": &p.matrices, "span": &p.span, "alpha": &p.alpha,
	} {
		*to = slices.IndexFunc(k.Params, func(q kernels.Param) bool { return q.Name == name })
		if *to < 0 {
			return p, fmt.Errorf("kernel %s has no parameter %s, which cuBLAS would be given", k.Name, name)
		}
	}
	return p, nil
}

// gemm is a product as cuBLAS counts: it has columns one behind the other, and so
// computes the transposed result of the transposed factors in the other order.
type gemm struct {
	m, n, k     int
	a, b        factor
	y           uintptr
	alpha, beta float32
}

// factor is a matrix, with the elements from one column to the next.
type factor struct {
	at        uintptr
	transpose uintptr // 0 or 1
	stride    int
}

// take returns the product that a launch of kernel matmul asks for, if it is a plain
// one: a single matrix, in one part, with nothing done to the result. What it adds to
// the product must be in y by then.
func (p *productParams) take(args []launch.Arg) (g gemm, ok bool) {
	n := func(param int) int { return int(args[param].Int) }
	if n(p.matrices) != 1 || n(p.span) < n(p.depth) || n(p.hasAdd) != 0 || n(p.act) != 0 || n(p.depth) < 1 {
		return g, false
	}
	g = gemm{m: n(p.columns), n: n(p.rows), k: n(p.depth), y: uintptr(args[p.y].Memory), alpha: args[p.alpha].Float}
	if n(p.hasC) != 0 {
		g.beta = 1
	}
	var first, second bool
	g.a, first = factorOf(args[p.b].Memory, n(p.bColumn), n(p.bDepth), g.m, g.k)
	g.b, second = factorOf(args[p.a].Memory, n(p.aDepth), n(p.aRow), g.k, g.n)
	return g, first && second
}

// factorOf is a matrix of some rows and columns by the elements from one row to the
// next, and from one column to the next. One of the two must be neighbours.
func factorOf(at launch.Memory, down, right, rows, columns int) (factor, bool) {
	switch {
	case down == 1 && right >= rows:
		return factor{uintptr(at), 0, right}, true
	case right == 1 && down >= columns:
		return factor{uintptr(at), 1, down}, true
	}
	return factor{}, false
}

// product queues a plain product: what is added first, by the kernel itself with a
// depth of nothing.
func (q *queue) product(k *kernels.Kernel, groups [3]int, args []launch.Arg, g gemm) error {
	if g.beta != 0 {
		q.addend = append(q.addend[:0], args...)
		q.addend[q.driver.blas.params.depth].Int = 0
		if err := q.kernel(k, groups, q.addend); err != nil {
			return err
		}
	}
	return q.add(command{what: multiply, gemm: g})
}

// multiply makes the call of a product.
func (b *batch) multiply(g *gemm) error {
	factors := words32(b.factors)
	factors[0], factors[1] = math.Float32bits(g.alpha), math.Float32bits(g.beta)
	return checkBLAS("cublasSgemm_v2", b.queue.driver.blas.gemm.Call(b.queue.blas, g.a.transpose, g.b.transpose,
		uintptr(g.m), uintptr(g.n), uintptr(g.k), pointer(&factors[0]), g.a.at, uintptr(g.a.stride),
		g.b.at, uintptr(g.b.stride), pointer(&factors[1]), g.y, uintptr(g.m)))
}
