package lame

import (
	"iter"

	"ttad/accel/dense"
)

// neighbor is a row and half its negative squared distance.
type neighbor struct {
	row  int
	half float32
}

// ranks are, for every row, how near its nearest rows are, itself among them: the
// largest of the halves of pairs.
type ranks struct {
	values dense.Panels // [rank][row]
	near   []neighbor
}

// rank finds the k nearest of every row, and takes those distances again that are
// not exact enough.
func (a *affinity) rank(k int) {
	k = max(k, 2) // the second tells whether any is too near
	a.values = a.math.Panels(a.values.Data, k, a.unit.Rows)
	a.largest()
	again := false
	for i, h := range a.halvesOf(1) {
		if h > nearby*(a.self[i]-a.longest/2) {
			a.exact(&a.w, i)
			again = true
		}
	}
	if again {
		a.largest()
	}
}

// halvesOf goes through the rows' halves of one rank.
func (a *affinity) halvesOf(rank int) iter.Seq2[int, float32] {
	return func(yield func(int, float32) bool) {
		for p := range a.values.Count() {
			for at, h := range a.values.Piece(p, rank) {
				if !yield(p*a.values.Width()+at, h) {
					return
				}
			}
		}
	}
}

// largest ranks what w has.
func (a *affinity) largest() {
	for i := range a.w.Count() {
		x, width := a.w.Panel(i)
		y, _ := a.values.Panel(i)
		a.math.ColumnLargest(y, x, width, a.values.Rows)
	}
}

// half is how near a rank of row i is, 0 being row i itself or one equal to it.
func (a *affinity) half(rank, i int) float32 { return *a.values.At(rank, i) }

// nearest returns k rows that are no farther from row i than bound, nearest first,
// ties to the lower index, without row skip, which may be none. The result is good until the next call.
func (a *affinity) nearest(i, k int, bound float32, skip int) []neighbor {
	near := a.near[:0]
	column, width := a.w.Column(i)
	for j := range a.w.Rows {
		if h := column[j*width]; h >= bound && j != skip {
			near = insert(near, neighbor{j, h}, k)
		}
	}
	a.near = near
	return near
}

// none is no row.
const none = -1

// insert puts n among the k nearest, behind all that are no farther.
func insert(near []neighbor, n neighbor, k int) []neighbor {
	if len(near) == k {
		if near[k-1].half >= n.half {
			return near
		}
		near = near[:k-1]
	}
	near = append(near, n)
	at := len(near) - 1
	for ; at > 0 && near[at-1].half < n.half; at-- {
		near[at] = near[at-1]
	}
	near[at] = n
	return near
}
