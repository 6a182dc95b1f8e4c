package vector

func goAdd(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] + b[i]
	}
}

func goSub(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] - b[i]
	}
}

func goMul(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] * b[i]
	}
}

func goDiv(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] / b[i]
	}
}

func goMax(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = max(a[i], b[i])
	}
}

func goMin(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = min(a[i], b[i])
	}
}

func goAddScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = v + k
	}
}

func goSubScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = v - k
	}
}

func goMulScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = v * k
	}
}

func goDivScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = v / k
	}
}

func goMaxScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = max(v, k)
	}
}

func goMinScalar(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = min(v, k)
	}
}

func goScalarSub(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = k - v
	}
}

func goScalarDiv(y, x []float32, k float32) {
	for i, v := range x[:len(y)] {
		y[i] = k / v
	}
}

// goClip leaves NaN as it is, for the built-in min and max keep it, and compile
// without a branch, which values of random sign would mispredict.
func goClip(y, x []float32, low, high float32) {
	for i, v := range x[:len(y)] {
		y[i] = min(max(v, low), high)
	}
}

func goAffine(y, x []float32, k, b float32) {
	for i, v := range x[:len(y)] {
		y[i] = k*v + b
	}
}

func goStandardize(y, x []float32, mean, k, b float32) {
	for i, v := range x[:len(y)] {
		y[i] = (v-mean)*k + b
	}
}

func goLeakyRelu(y, x []float32, slope float32) {
	for i, v := range x[:len(y)] {
		y[i] = max(v, 0) + slope*min(v, 0)
	}
}

func goHardSigmoid(y, x []float32, k, b float32) {
	for i, v := range x[:len(y)] {
		y[i] = min(max(k*v+b, 0), 1)
	}
}
