package kernel

// goLanes is a block of the family in Go: two pixels of it, with the operands of
// a step, are what the sixteen registers of amd64 hold.
const goLanes = 4

func inGo() Family {
	return Family{
		Name: "generic", Lanes: goLanes,
		kernels: []Kernel{
			{2, 1, goLanes, repeated(goTaps2x1)},
			{1, 1, goLanes, repeated(func(c *Call) { plain(1, 1, goLanes, c) })},
		},
		depthwise: []Channelwise{
			{2, goLanes, true, repeated(goDepthwise2)},
			{1, goLanes, true, repeated(func(c *Call) { plainDepthwise(1, goLanes, c) })},
		},
		winograd: Winograd{
			Lanes:  goLanes,
			input:  func(t *Tiles) { plainInput(goLanes, t) },
			output: func(t *Tiles) { plainOutput(goLanes, t) },
		},
		maxPool: []Channelwise{{1, goLanes, false, repeated(func(c *Call) { plainMaxPool(1, goLanes, c) })}},
	}
}

// repeated lets a kernel of one tile do all of a call.
func repeated(tile func(*Call)) func(*Call) {
	return func(c *Call) {
		first := *c
		tile(c)
		for i := 1; i < first.Repeat; i++ {
			c.Input, c.Output = c.Input[c.InputNext:], c.Output[c.OutputNext:]
			if len(c.Weights) > 0 {
				c.Weights = c.Weights[c.WeightsNext:]
			}
			if len(c.Residual) > 0 {
				c.Residual = c.Residual[c.ResidualNext:]
			}
			tile(c)
		}
		*c = first
	}
}

// maxSums is the sums of the largest tile of any family.
const maxSums = 14 * 2 * maxLanes

// maxLanes is the widest block of any family.
const maxLanes = 16

// plain is every kernel, whatever its shape, as a plain loop: what the family in
// Go does for the ends of rows, and what the others are compared with.
func plain(pixels, blocks, lanes int, c *Call) {
	var room [maxSums]float32
	width := blocks * lanes
	weights := c.Weights
	for _, tap := range c.Taps {
		for i := range c.Depth {
			for p := range pixels {
				x := c.Input[tap+p*c.InputStep+i]
				sums := room[p*width : (p+1)*width]
				for j, w := range weights[:width] {
					sums[j] += x * w
				}
			}
			weights = weights[width:]
		}
	}
	for p := range pixels {
		for j := range blocks {
			c.finish(room[p*width+j*lanes:][:lanes], p, j)
		}
	}
}

// goTaps2x1 is two pixels by one block with its sums in registers.
func goTaps2x1(c *Call) {
	if c.Depth == goLanes {
		goBlocks2x1(c)
		return
	}
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	weights := c.Weights
	for _, tap := range c.Taps {
		top := c.Input[tap:][:c.Depth]
		bottom := c.Input[tap+c.InputStep:][:c.Depth]
		for i, x := range top {
			y, w := bottom[i], (*[goLanes]float32)(weights)
			s00 += x * w[0]
			s10 += y * w[0]
			s01 += x * w[1]
			s11 += y * w[1]
			s02 += x * w[2]
			s12 += y * w[2]
			s03 += x * w[3]
			s13 += y * w[3]
			weights = weights[goLanes:]
		}
	}
	c.finish([]float32{s00, s01, s02, s03}, 0, 0)
	c.finish([]float32{s10, s11, s12, s13}, 1, 0)
}

// goBlocks2x1 is goTaps2x1 for taps of a whole block of channels, written out: the
// loop's own work would be half as much as theirs.
func goBlocks2x1(c *Call) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	input, weights, step := c.Input, c.Weights, c.InputStep
	for _, tap := range c.Taps {
		x, y := (*[goLanes]float32)(input[tap:tap+goLanes]), (*[goLanes]float32)(input[tap+step:tap+step+goLanes])
		w := (*[goLanes * goLanes]float32)(weights)
		weights = weights[goLanes*goLanes:]
		a, b, w0, w1, w2, w3 := x[0], y[0], w[0], w[1], w[2], w[3]
		s00 += a * w0
		s10 += b * w0
		s01 += a * w1
		s11 += b * w1
		s02 += a * w2
		s12 += b * w2
		s03 += a * w3
		s13 += b * w3
		a, b, w0, w1, w2, w3 = x[1], y[1], w[4], w[5], w[6], w[7]
		s00 += a * w0
		s10 += b * w0
		s01 += a * w1
		s11 += b * w1
		s02 += a * w2
		s12 += b * w2
		s03 += a * w3
		s13 += b * w3
		a, b, w0, w1, w2, w3 = x[2], y[2], w[8], w[9], w[10], w[11]
		s00 += a * w0
		s10 += b * w0
		s01 += a * w1
		s11 += b * w1
		s02 += a * w2
		s12 += b * w2
		s03 += a * w3
		s13 += b * w3
		a, b, w0, w1, w2, w3 = x[3], y[3], w[12], w[13], w[14], w[15]
		s00 += a * w0
		s10 += b * w0
		s01 += a * w1
		s11 += b * w1
		s02 += a * w2
		s12 += b * w2
		s03 += a * w3
		s13 += b * w3
	}
	c.finish([]float32{s00, s01, s02, s03}, 0, 0)
	c.finish([]float32{s10, s11, s12, s13}, 1, 0)
}

// finish does what follows the sums of pixel p and block j, and stores them.
func (c *Call) finish(sums []float32, p, j int) {
	out := c.Output[p*c.OutputStep+j*c.OutputBlock:][:len(sums)]
	if c.Accumulate {
		add(sums, out)
	}
	if len(c.Bias) > 0 {
		add(sums, c.Bias[j*len(sums):])
	}
	if len(c.Residual) > 0 {
		add(sums, c.Residual[p*c.ResidualStep+j*c.ResidualBlock:])
	}
	if c.Clip {
		clip(sums, c.Low, c.High)
	}
	copy(out, sums)
}

func add(sums, more []float32) {
	for i := range sums {
		sums[i] += more[i]
	}
}

// clip holds values between bounds. It compares, for the functions min and max
// would turn -0 into 0 where x86 and this leave it.
func clip(values []float32, low, high float32) {
	for i, v := range values {
		if v < low {
			v = low
		}
		if v > high {
			v = high
		}
		values[i] = v
	}
}
