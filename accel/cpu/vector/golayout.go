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
