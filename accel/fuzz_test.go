package accel

import (
	"encoding/binary"
	"testing"
)

// attributes reads numbers from fuzzed bytes: mostly small ones, and now and
// then whatever eight bytes hold.
type attributes struct{ data []byte }

func (a *attributes) next() int {
	if len(a.data) == 0 {
		return 1
	}
	b := a.data[0]
	a.data = a.data[1:]
	if b == 0xff && len(a.data) >= 8 {
		n := int(binary.LittleEndian.Uint64(a.data))
		a.data = a.data[8:]
		return n
	}
	return int(int8(b))
}

func (a *attributes) pair() [2]int { return [2]int{a.next(), a.next()} }
func (a *attributes) four() [4]int { return [4]int{a.next(), a.next(), a.next(), a.next()} }

func (a *attributes) list() []int {
	out := make([]int, uint(a.next())%6)
	for i := range out {
		out[i] = a.next()
	}
	return out
}

func (a *attributes) dim() Dim { return Dim{PerRow: a.next(), Fixed: a.next()} }

func (a *attributes) shape() Shape {
	out := make(Shape, uint(a.next())%6)
	for i := range out {
		out[i] = Fixed(a.next())
		if i == 0 {
			out[i] = a.dim()
		}
	}
	return out
}

func (a *attributes) op() Op {
	switch uint(a.next()) % 14 {
	case 0:
		return Conv{a.pair(), a.pair(), a.four(), a.next()}
	case 1:
		return Pool{PoolAverage, a.pair(), a.pair(), a.pair(), a.four(), a.next() > 0, false}
	case 2:
		return MatMul{TransA: a.next() > 0, TransB: a.next() > 0}
	case 3:
		return Binary{Add}
	case 4:
		return Reduce{ReduceSum, a.list(), a.next() > 0}
	case 5:
		return Softmax{Axis: a.next()}
	case 6:
		return LayerNorm{Axis: a.next()}
	case 7:
		return Reshape{a.shape()}
	case 8:
		return Transpose{a.list()}
	case 9:
		return Concat{a.next()}
	case 10:
		return Slice{a.next(), a.dim(), a.dim(), a.next()}
	case 11:
		return Pad{a.list(), a.list(), PadReflect, 0}
	case 12:
		return Gather{a.next()}
	default:
		return Expand{a.shape()}
	}
}

// FuzzInfer gives operators attributes and shapes as a damaged model file might.
// Whatever is accepted must have extents for every batch.
func FuzzInfer(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 0, 3, 8, 8, 4, 0, 6, 3, 3, 3})
	f.Add([]byte{7, 3, 4, 0, 16, 8, 1, 3, 1, 0, 64, 8})
	f.Add([]byte{10, 0, 0, 1, 1, 0xff, 1, 1, 2, 1, 0, 3})
	f.Add([]byte{1, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 4, 1, 0, 3, 8, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		a := &attributes{data}
		op := a.op()
		in := make([]Shape, uint(a.next())%4)
		for i := range in {
			in[i] = a.shape()
		}
		out, err := op.Infer(in)
		if err != nil {
			return
		}
		for _, rows := range []int{1, 2, 7} {
			for _, n := range out[0].At(rows) {
				if n > maxExtent {
					return // as a fixed extent it would be refused: such a batch cannot be
				}
				if n < 0 {
					t.Fatalf("%s %+v of %v gives %v: negative at %d rows", op.Kind(), op, in, out[0], rows)
				}
			}
			fixed := make([]Shape, len(in))
			for i, s := range in {
				fixed[i] = StaticShape(s.At(rows)...)
				for _, d := range fixed[i] {
					if !d.usable() {
						return
					}
				}
			}
			at, err := AtRows(op, rows).Infer(fixed)
			if err != nil || !at[0].Equal(StaticShape(out[0].At(rows)...)) {
				t.Fatalf("%s %+v of %v gives %v, but at %d rows %v, %v", op.Kind(), op, in, out[0], rows, at, err)
			}
		}
	})
}
