package vector

import "fmt"

// ColumnMoments adds x-shift and its square over the rows of x, [rows][columns],
// to sum and squares, column by column; shift, sum and squares are [columns]. It
// adds up in float32 over a few rows and in float64 beyond.
func (f Family) ColumnMoments(sum, squares []float64, x, shift []float32) {
	columns := len(shift)
	wholeRows(len(x), columns)
	if len(x) > 0 {
		f.columnMoments(sum[:columns:len(sum)], squares[:columns:len(squares)], x, shift)
	}
}

// ColumnAffine is the normalization of the columns of a matrix.
type ColumnAffine struct {
	Y, X               []float32 // [rows][columns]
	Residual           []float32 // the same, empty for none; may be Y
	Mean, Scale, Shift []float32 // [columns]
	Low, High          float32   // bounds of the result, where Clip is set
	Clip               bool      // a value that is not a number stays so
}

// ColumnAffine fills Y with (X-Mean)*Scale + Shift + Residual, clipped, column by
// column. Y may be X.
func (f Family) ColumnAffine(a ColumnAffine) {
	columns := len(a.Mean)
	wholeRows(len(a.Y), columns)
	if len(a.Y) == 0 {
		return
	}
	a.X, a.Scale, a.Shift = a.X[:len(a.Y):len(a.X)], a.Scale[:columns:len(a.Scale)], a.Shift[:columns:len(a.Shift)]
	if len(a.Residual) > 0 {
		a.Residual = a.Residual[:len(a.Y):len(a.Residual)]
	}
	a.Low, a.High = bounds(a.Low, a.High, a.Clip)
	f.columnAffine(a)
}

func wholeRows(n, columns int) {
	if n > 0 && (columns == 0 || n%columns != 0) {
		panic(fmt.Sprintf("vector: %d values are no whole rows of %d columns", n, columns))
	}
}
