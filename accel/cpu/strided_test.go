package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/plain"
)

// move adds a random move, or a scaling, of x to a program.
func move(b *acceltest.Builder, r *rand.Rand, x accel.ValueID) accel.ValueID {
	s := b.Shape(x)
	switch axis := r.IntN(len(s)); r.IntN(6) {
	case 0, 1:
		return b.Step(accel.Transpose{Perm: r.Perm(len(s))}, x)
	case 2:
		return b.Step(accel.Reshape{To: regrouped(r, s)}, x)
	case 3:
		if n := s[axis]; n.Static() {
			start := r.IntN(n.Fixed)
			step := 1 + r.IntN(2)
			count := 1 + r.IntN((n.Fixed-1-start)/step+1)
			return b.Step(accel.Slice{Axis: axis, Start: accel.Fixed(start), Count: accel.Fixed(count), Step: step}, x)
		}
	case 4:
		if n := s[axis]; n.Static() && len(s) > 1 {
			at := accel.TensorOf([]float32{float32(r.IntN(2*n.Fixed) - n.Fixed)})
			if r.IntN(2) == 0 {
				at = accel.TensorOf(at.Data, 1)
			}
			return b.Step(accel.Gather{Axis: axis}, x, b.Const(at))
		}
	case 5:
		return b.Step(accel.Binary{Fn: accel.Mul}, x, b.Const(accel.TensorOf([]float32{2})))
	}
	return x
}

// regrouped returns another shape of the same elements: two neighbours joined, an
// axis split, or one more axis of one element.
func regrouped(r *rand.Rand, s accel.Shape) accel.Shape {
	at := r.IntN(len(s))
	to := append(accel.Shape{}, s[:at]...)
	next := accel.Fixed(0)
	if at+1 < len(s) {
		next = s[at+1]
	}
	switch d := s[at]; {
	case next.Static() && next.Fixed > 0 && r.IntN(2) == 0:
		return append(append(to, accel.Dim{PerRow: d.PerRow * next.Fixed, Fixed: d.Fixed * next.Fixed}), s[at+2:]...)
	case d.PerRow%2 == 0 && d.Fixed%2 == 0:
		return append(append(to, accel.Dim{PerRow: d.PerRow / 2, Fixed: d.Fixed / 2}, accel.Fixed(2)), s[at+1:]...)
	}
	return append(append(to, accel.Fixed(1)), s[at:]...)
}

// elementsOf lists a value's elements in its own order, read from its source.
func elementsOf(v strided, source []float32, rows int) []float32 {
	at := []int{v.base}
	for _, axis := range v.axes {
		for _, f := range axis {
			var next []int
			for _, from := range at {
				for i := range f.extent.At(rows) {
					next = append(next, from+i*f.stride)
				}
			}
			at = next
		}
	}
	out := make([]float32, len(at))
	for i, from := range at {
		out[i] = source[from] * float32(v.scale)
	}
	return out
}

// Wherever the description says an element lies, there it is.
func TestOriginIsWhereElementsLie(t *testing.T) {
	const rows = 3
	d := planned(t)
	followed := 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 47))
		b := &acceltest.Builder{}
		x := b.Input(accel.BatchShape(2, 3, 4))
		all := []accel.ValueID{x}
		for range 1 + r.IntN(6) {
			if s := b.Shape(x); len(s) < maxRank {
				x = move(b, r, x)
				all = append(all, x)
			}
		}
		p := b.Program(all...)
		in := drawn(r, rows, 2, 3, 4)
		want, err := plain.Run(p, []*accel.Tensor{in}, rows, nil)
		require.NoError(t, err)
		planner := newPlanner(d, p)
		v, ok := planner.origin(x)
		if !ok {
			continue // the batch is inside, or cut
		}
		values := map[accel.ValueID][]float32{}
		for i, id := range all {
			values[id] = want.Outputs[i].Data
		}
		require.Equal(t, values[x], elementsOf(v, values[v.source], rows), "seed %d", seed)
		if v.source == p.Inputs[0] && len(p.Steps) > 2 {
			followed++
		}
	}
	require.Greater(t, followed, 500, "moves are followed all the way")
}

func TestQuotientLeavesNoRestForAnyBatch(t *testing.T) {
	for _, c := range []struct {
		d, by accel.Dim
		want  accel.Dim
		ok    bool
	}{
		{accel.Fixed(12), accel.Fixed(4), accel.Fixed(3), true},
		{accel.Fixed(12), accel.Fixed(5), accel.Dim{}, false},
		{accel.Dim{PerRow: 4}, accel.Fixed(2), accel.Dim{PerRow: 2}, true},
		{accel.Dim{PerRow: 4, Fixed: 1}, accel.Fixed(2), accel.Dim{}, false},
		{accel.Dim{PerRow: 4}, accel.RowsDim(), accel.Fixed(4), true},
		{accel.Dim{PerRow: 4, Fixed: 4}, accel.RowsDim(), accel.Dim{}, false},
		{accel.Fixed(4), accel.RowsDim(), accel.Dim{}, false},
		{accel.Fixed(4), accel.Fixed(0), accel.Dim{}, false},
	} {
		got, ok := quotient(c.d, c.by)
		require.Equal(t, c.ok, ok, "%v by %v", c.d, c.by)
		if ok {
			require.Equal(t, c.want, got)
		}
	}
}
