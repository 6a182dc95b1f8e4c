package vector

func goBlockMoments(m BlockMoments) {
	lanes := len(m.Shift)
	for row := range m.Height {
		x := m.X.Data[row*m.X.Line:][:m.Width*lanes]
		for ; len(x) > 0; x = x[lanes:] {
			for j, s := range m.Shift {
				d := float64(x[j]) - float64(s)
				m.Sum[j] += d
				m.Squares[j] += d * d
			}
		}
	}
}

func goBlockAffine(a BlockAffine) {
	width := a.Width * len(a.Mean)
	for row := range a.Height {
		r := ColumnAffine{
			Y: a.Y.Data[row*a.Y.Line:][:width], X: a.X.Data[row*a.X.Line:][:width],
			Mean: a.Mean, Scale: a.Scale, Shift: a.Shift, Low: a.Low, High: a.High,
		}
		if len(a.Residual.Data) > 0 {
			r.Residual = a.Residual.Data[row*a.Residual.Line:][:width]
		}
		goColumnAffine(r)
	}
}

// goColumnMoments also serves what is left of a row of blocks.
func goColumnMoments(sum, squares []float64, x, shift []float32) {
	n := len(shift)
	sum, squares = sum[:n], squares[:n]
	for ; len(x) > 0; x = x[n:] {
		for j, v := range x[:n] {
			d := float64(v) - float64(shift[j])
			sum[j] += d
			squares[j] += d * d
		}
	}
}

func goColumnAffine(a ColumnAffine) {
	n := len(a.Mean)
	scale, shift := a.Scale[:n], a.Shift[:n]
	for at := 0; at < len(a.Y); at += n {
		y, x := a.Y[at:at+n], a.X[at:at+n]
		for j, m := range a.Mean {
			v := (x[j]-m)*scale[j] + shift[j]
			if len(a.Residual) > 0 {
				v += a.Residual[at+j]
			}
			y[j] = min(max(v, a.Low), a.High)
		}
	}
}
