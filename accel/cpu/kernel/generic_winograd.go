package kernel

// plainInput is the input transform of every family as a plain loop.
func plainInput(lanes int, t *Tiles) {
	for tile := range t.count() {
		for lane := range lanes {
			pixels, points := t.Pixels[tile*TilePixels*lanes+lane:], t.Points[tile*lanes+lane:]
			var rows [TileReach][TileReach]float32
			for c := range TileReach {
				x := pixels[c*lanes:]
				for r, v := range inputPoints(x[0], x[t.Line], x[2*t.Line], x[3*t.Line], x[4*t.Line], x[5*t.Line]) {
					rows[r][c] = v
				}
			}
			for r, d := range rows {
				for c, v := range inputPoints(d[0], d[1], d[2], d[3], d[4], d[5]) {
					points[(r*TileReach+c)*t.Stride] = v
				}
			}
		}
	}
}

// inputPoints is the transform of six pixels in a line.
func inputPoints(d0, d1, d2, d3, d4, d5 float32) [TileReach]float32 {
	even, odd := d4-4*d2, d3-4*d1
	outer, inner := d4-d2, 2*(d3-d1)
	return [TileReach]float32{
		4*d0 - 5*d2 + d4,
		even + odd, even - odd,
		outer + inner, outer - inner,
		4*d1 - 5*d3 + d5,
	}
}

// plainOutput is the output transform of every family as a plain loop.
func plainOutput(lanes int, t *Tiles) {
	for tile := range t.count() {
		cols := min(TilePixels, t.Cols-tile*TilePixels)
		for lane := range lanes {
			points := t.Points[tile*lanes+lane:]
			var columns [TilePixels][TileReach]float32
			for c := range TileReach {
				m, row := points[c*t.Stride:], TileReach*t.Stride
				for r, v := range outputPixels(m[0], m[row], m[2*row], m[3*row], m[4*row], m[5*row]) {
					columns[r][c] = v
				}
			}
			for r, m := range columns[:t.Rows] {
				y := outputPixels(m[0], m[1], m[2], m[3], m[4], m[5])
				for c, v := range y[:cols] {
					t.finish(r, (tile*TilePixels+c)*lanes, lane, v)
				}
			}
		}
	}
}

// outputPixels is the transform of six points in a line.
func outputPixels(m0, m1, m2, m3, m4, m5 float32) [TilePixels]float32 {
	sum, difference := m1+m2, m1-m2
	sums, differences := m3+m4, m3-m4
	return [TilePixels]float32{
		m0 + (sum + sums),
		difference + 2*differences,
		sum + 4*sums,
		difference + 8*differences + m5,
	}
}

// finish does what follows the transform for one lane of the pixel at floats into
// row, and stores it.
func (t *Tiles) finish(row, at, lane int, v float32) {
	if len(t.Bias) > 0 {
		v += t.Bias[lane]
	}
	if len(t.Residual) > 0 {
		v += t.Residual[row*t.ResidualLine+at+lane]
	}
	if t.Clip && v < t.Low {
		v = t.Low
	}
	if t.Clip && v > t.High {
		v = t.High
	}
	t.Pixels[row*t.Line+at+lane] = v
}
