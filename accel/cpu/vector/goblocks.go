package vector

func goBlockMoments(m BlockMoments) {
	width := m.Width * len(m.Shift)
	for row := range m.Height {
		x := m.X.Data[row*m.X.Line:][:width]
		if len(m.Shift) == goLanes {
			goQuadMoments(m, x)
			continue
		}
		goColumnMoments(m.Sum, m.Squares, x, m.Shift)
	}
}

// goQuadMoments has the sums of four lanes in registers.
func goQuadMoments(m BlockMoments, x []float32) {
	sum, squares, shift := (*[goLanes]float64)(m.Sum), (*[goLanes]float64)(m.Squares), (*[goLanes]float32)(m.Shift)
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	q0, q1, q2, q3 := squares[0], squares[1], squares[2], squares[3]
	m0, m1, m2, m3 := float64(shift[0]), float64(shift[1]), float64(shift[2]), float64(shift[3])
	for ; len(x) >= goLanes; x = x[goLanes:] {
		d0, d1, d2, d3 := float64(x[0])-m0, float64(x[1])-m1, float64(x[2])-m2, float64(x[3])-m3
		s0, s1, s2, s3 = s0+d0, s1+d1, s2+d2, s3+d3
		q0, q1, q2, q3 = q0+d0*d0, q1+d1*d1, q2+d2*d2, q3+d3*d3
	}
	*sum, *squares = [goLanes]float64{s0, s1, s2, s3}, [goLanes]float64{q0, q1, q2, q3}
}

// goBlockAffine goes lane by lane, so that what belongs to the lane stays in
// registers.
func goBlockAffine(a BlockAffine) {
	lanes := len(a.Mean)
	width := a.Width * lanes
	for row := range a.Height {
		y, x := a.Y.Data[row*a.Y.Line:][:width], a.X.Data[row*a.X.Line:][:width]
		var residual []float32
		if len(a.Residual.Data) > 0 {
			residual = a.Residual.Data[row*a.Residual.Line:][:width]
		}
		for j, m := range a.Mean {
			goLaneAffine(y[j:], x[j:], residual, lanes, j, m, a.Scale[j], a.Shift[j])
		}
		if a.Clip {
			goClip(y, y, a.Low, a.High)
		}
	}
}

func goLaneAffine(y, x, residual []float32, lanes, j int, m, k, b float32) {
	x = x[:len(y)]
	for i := 0; i < len(y); i += lanes {
		v := (x[i]-m)*k + b
		if residual != nil {
			v += residual[j+i]
		}
		y[i] = v
	}
}

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
