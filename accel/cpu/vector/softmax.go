package vector

// ColumnSoftmax replaces every column x of y, [rows][columns], by v*e^x scaled to
// sum to 1: the softmax of log v + x, without a logarithm. It subtracts the largest
// of a column first, which it leaves in top, [columns], holds exponents above -60,
// for e^-60 is nothing beside 1 while arithmetic on numbers too small for float32's
// full precision is many times slower, and leaves in sums, [columns], what it then
// divided by. v is as large as y and above 0; a column with NaN or infinities in it
// may become anything.
func (f Family) ColumnSoftmax(y, v, top []float32, sums []float64) {
	columns := len(top)
	wholeRows(len(y), columns)
	if len(y) == 0 {
		return
	}
	v, sums = v[:len(y):len(v)], sums[:columns:len(sums)]
	if f.columnSoftmax == nil || columns%f.Lanes != 0 {
		goColumnSoftmax(y, v, top, sums)
		return
	}
	f.columnSoftmax(y, v, top, sums, len(y)/columns)
}

// leastExponent is where the exponents of ColumnSoftmax end, as gen/vector has it.
const leastExponent = -60

func goColumnSoftmax(y, v, top []float32, sums []float64) {
	columns := len(top)
	copy(top, y)
	for at := columns; at < len(y); at += columns {
		goMax(top, top, y[at:])
	}
	clear(sums)
	for at := 0; at < len(y); at += columns {
		row, weights := y[at:at+columns], v[at:]
		for c, x := range row {
			row[c] = weights[c] * exp(max(x-top[c], leastExponent))
			sums[c] += float64(row[c])
		}
	}
	for at := 0; at < len(y); at += columns {
		for c := range columns {
			y[at+c] *= 1 / float32(sums[c])
		}
	}
}
