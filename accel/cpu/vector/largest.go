package vector

import (
	"fmt"
	"math"
)

// ColumnLargest fills y, [k][columns], with the k largest values of each column of
// x, [rows][columns], the largest first; where rows are fewer than k the rest is
// minus infinity. A column with NaN in it has any values. k is at least 1.
func (f Family) ColumnLargest(y, x []float32, columns, k int) {
	wholeRows(len(x), columns)
	if k < 1 {
		panic(fmt.Sprintf("vector: the %d largest of a column; want one at least", k))
	}
	y = y[: k*columns : len(y)]
	if f.columnLargest == nil || k > mostLargest || len(x) == 0 {
		goColumnLargest(y, x, columns, k)
		return
	}
	f.columnLargest(y, x, columns, len(x)/columns, k)
}

// mostLargest is the largest k that there is assembly for, as gen/vector/largest.go
// has it.
const mostLargest = 8

func goColumnLargest(y, x []float32, columns, k int) {
	for i := range y {
		y[i] = float32(math.Inf(-1))
	}
	last := y[(k-1)*columns:]
	for ; len(x) > 0; x = x[columns:] {
		for c, v := range x[:columns] {
			if v > last[c] {
				sink(y[c:], v, columns, k)
			}
		}
	}
}

// sink puts v in its place among k values that lie step apart.
func sink(y []float32, v float32, step, k int) {
	at := (k - 1) * step
	for ; at > 0 && y[at-step] < v; at -= step {
		y[at] = y[at-step]
	}
	y[at] = v
}
