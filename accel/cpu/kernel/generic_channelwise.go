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

// goDepthwise is a pixel of the family in Go with its sums in registers.
func goDepthwise(c *Call) {
	var s0, s1, s2, s3 float32
	weights := c.Weights
	for _, tap := range c.Taps {
		x, w := (*[goLanes]float32)(c.Input[tap:]), (*[goLanes]float32)(weights)
		s0 += x[0] * w[0]
		s1 += x[1] * w[1]
		s2 += x[2] * w[2]
		s3 += x[3] * w[3]
		weights = weights[goLanes:]
	}
	c.finish([]float32{s0, s1, s2, s3}, 0, 0)
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
