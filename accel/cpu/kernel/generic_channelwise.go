package kernel

import "math"

// plainDepthwise is every kernel for depthwise convolutions as a plain loop.
func plainDepthwise(pixels, lanes int, c *Call) {
	var room [maxLanes]float32
	for p := range pixels {
		sums := room[:lanes]
		clear(sums)
		for t, tap := range c.Taps {
			addProducts(sums, c.Input[tap+p*c.InputStep:], c.Weights[t*lanes:])
		}
		c.finish(sums, p, 0)
	}
}

func addProducts(sums, x, w []float32) {
	x, w = x[:len(sums)], w[:len(sums)]
	for i := range sums {
		sums[i] += x[i] * w[i]
	}
}

// goDepthwise2 is two pixels of the family in Go with their sums in registers.
func goDepthwise2(c *Call) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	weights := c.Weights
	for _, tap := range c.Taps {
		w := (*[goLanes]float32)(weights)
		x, y := (*[goLanes]float32)(c.Input[tap:]), (*[goLanes]float32)(c.Input[tap+c.InputStep:])
		s00 += x[0] * w[0]
		s10 += y[0] * w[0]
		s01 += x[1] * w[1]
		s11 += y[1] * w[1]
		s02 += x[2] * w[2]
		s12 += y[2] * w[2]
		s03 += x[3] * w[3]
		s13 += y[3] * w[3]
		weights = weights[goLanes:]
	}
	c.finish([]float32{s00, s01, s02, s03}, 0, 0)
	c.finish([]float32{s10, s11, s12, s13}, 1, 0)
}

// plainMaxPool is every kernel for pooling as a plain loop.
func plainMaxPool(pixels, lanes int, c *Call) {
	var room [maxLanes]float32
	for p := range pixels {
		most := room[:lanes]
		for i := range most {
			most[i] = float32(math.Inf(-1))
		}
		for _, tap := range c.Taps {
			for i, x := range c.Input[tap+p*c.InputStep:][:lanes] {
				most[i] = max(most[i], x)
			}
		}
		c.finish(most, p, 0)
	}
}
