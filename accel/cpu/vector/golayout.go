package vector

// goTranspose goes through x in squares whose lines of y stay in the first-level
// cache.
func goTranspose(y, x []float32, rows, cols, yStep, xStep int) {
	const side = 16
	for top := 0; top < rows; top += side {
		for left := 0; left < cols; left += side {
			goTransposeTile(y[left*yStep+top:], x[top*xStep+left:], min(side, rows-top), min(side, cols-left), yStep, xStep)
		}
	}
}

func goTransposeTile(y, x []float32, rows, cols, yStep, xStep int) {
	for c := range cols {
		line := y[c*yStep:][:rows]
		for r := range line {
			line[r] = x[r*xStep+c]
		}
	}
}

func goInterleave4(y, x []float32, channels, pixels, plane int) {
	for p := range pixels {
		pixel := y[p*pixelLanes:][:pixelLanes]
		for c := range channels {
			pixel[c] = x[c*plane+p]
		}
		clear(pixel[channels:])
	}
}

// goPixels makes pixels of one to three floats from as many planes.
func goPixels(y, x []float32, channels, pixels, plane int) {
	switch channels {
	case 1:
		copy(y[:pixels], x)
	case 2:
		b := x[plane:][:pixels]
		for i, v := range x[:pixels] {
			y[2*i], y[2*i+1] = v, b[i]
		}
	case 3:
		b, c := x[plane:][:pixels], x[2*plane:][:pixels]
		for i, v := range x[:pixels] {
			pixel := (*[3]float32)(y[3*i:])
			pixel[0], pixel[1], pixel[2] = v, b[i], c[i]
		}
	}
}
