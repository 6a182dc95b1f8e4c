package vector

// goSum adds up in four lanes: one alone would wait for each addition.
func goSum(x []float32) float64 {
	var s0, s1, s2, s3 float64
	for len(x) >= 4 {
		s0, s1, s2, s3 = s0+float64(x[0]), s1+float64(x[1]), s2+float64(x[2]), s3+float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}

// goMaxOf compares so that what is not a number is found too, by a branch that is
// seldom taken.
func goMaxOf(x []float32) float32 {
	top := x[0]
	for _, v := range x {
		if !(v <= top) {
			top = v
		}
		if top != top {
			break
		}
	}
	return top
}

func goDot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0, s1, s2, s3 = s0+a[0]*b[0], s1+a[1]*b[1], s2+a[2]*b[2], s3+a[3]*b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func goSumShifted(x []float32, m float32) (sum, squares float64) {
	var s0, s1, s2, s3, q0, q1, q2, q3 float64
	shift := float64(m)
	for len(x) >= 4 {
		d0, d1, d2, d3 := float64(x[0])-shift, float64(x[1])-shift, float64(x[2])-shift, float64(x[3])-shift
		s0, s1, s2, s3 = s0+d0, s1+d1, s2+d2, s3+d3
		q0, q1, q2, q3 = q0+d0*d0, q1+d1*d1, q2+d2*d2, q3+d3*d3
		x = x[4:]
	}
	for _, v := range x {
		d := float64(v) - shift
		s0 += d
		q0 += d * d
	}
	return (s0 + s1) + (s2 + s3), (q0 + q1) + (q2 + q3)
}

func goExpSum(y, x []float32, m float32) float64 {
	sum := 0.0
	for i, v := range x[:len(y)] {
		e := exp(v - m)
		y[i] = e
		sum += float64(e)
	}
	return sum
}

// goPlacewise is what LayerNorm does once it knows the moments.
func goPlacewise(y, x, scale, bias []float32, mean, factor float32) {
	x, scale = x[:len(y)], scale[:len(y)]
	if bias == nil {
		for i, v := range x {
			y[i] = (v - mean) * factor * scale[i]
		}
		return
	}
	bias = bias[:len(y)]
	for i, v := range x {
		y[i] = (v-mean)*factor*scale[i] + bias[i]
	}
}
