package lame

// tile is the number of rows whose features are worked on together, so that both
// sides of a tile of pairs stay in a core's own cache.
const tile = 32

// chunk is the number of products summed in float32 before the sum goes to
// float64, which keeps long feature rows exact to a few float32 roundings.
const chunk = 128

// byDifferences is the largest block for which distances are sums of squared
// differences. Larger ones take them from dot products.
const byDifferences = 256

// nearby is the squared distance under which a dot product has lost too many
// digits, and the difference is taken instead.
const nearby = 1e-3

// eachTile calls f for every tile of the upper triangle, its diagonal included:
// rows [i0, i1) against rows [j0, j1) with j0 >= i0.
func eachTile(n int, f func(i0, i1, j0, j1 int)) {
	for i0 := 0; i0 < n; i0 += tile {
		for j0 := i0; j0 < n; j0 += tile {
			f(i0, min(i0+tile, n), j0, min(j0+tile, n))
		}
	}
}

// fill computes value(i, j) for every pair i <= j, four j at a time, and writes
// it to both halves of out [n n].
func fill(out matrix, four func(i, j, n int) [4]float64) {
	eachTile(out.rows, func(i0, i1, j0, j1 int) {
		for i := i0; i < i1; i++ {
			for j := max(j0, i); j < j1; j += 4 {
				n := min(4, j1-j)
				v := four(i, j, n)
				for k := range n {
					out.data[i*out.width+j+k] = float32(v[k])
					out.data[(j+k)*out.width+i] = float32(v[k])
				}
			}
		}
	})
}

// dots writes the dot products of all pairs of rows.
func (s *space) dots(out matrix) {
	fill(out, func(i, j, n int) [4]float64 { return s.sums(i, j, n, dot4) })
}

// distances writes the squared distances of all pairs of rows.
func (s *space) distances(out matrix) {
	if out.rows <= byDifferences {
		fill(out, func(i, j, n int) [4]float64 { return s.sums(i, j, n, diff4) })
		return
	}
	s.square = resized(s.square, out.rows)
	for i := range s.square {
		s.square[i] = s.sums(i, i, 1, dot4)[0]
	}
	fill(out, func(i, j, n int) [4]float64 {
		v := s.sums(i, j, n, dot4)
		for k := range n {
			v[k] = max(s.square[i]+s.square[j+k]-2*v[k], 0)
			if v[k] < nearby {
				return s.sums(i, j, n, diff4)
			}
		}
		return v
	})
}

// sums adds up f over the features of row i against rows j to j+n-1.
func (s *space) sums(i, j, n int, f func(a, b0, b1, b2, b3 []float32) (x0, x1, x2, x3 float32)) (v [4]float64) {
	a := s.unit.row(i)
	b := [4][]float32{}
	for k := range b {
		b[k] = s.unit.row(j + min(k, n-1)) // a lane too many repeats the last row
	}
	for at := 0; at < len(a); at += chunk {
		to := min(at+chunk, len(a))
		x0, x1, x2, x3 := f(a[at:to], b[0][at:to], b[1][at:to], b[2][at:to], b[3][at:to])
		v[0] += float64(x0)
		v[1] += float64(x1)
		v[2] += float64(x2)
		v[3] += float64(x3)
	}
	return v
}

// dot4 is four dot products at once, each summed in the order of its row, so that
// equal rows give equal bits whichever lane they are in.
func dot4(a, b0, b1, b2, b3 []float32) (x0, x1, x2, x3 float32) {
	b0, b1, b2, b3 = b0[:len(a)], b1[:len(a)], b2[:len(a)], b3[:len(a)]
	for k, v := range a {
		x0 += v * b0[k]
		x1 += v * b1[k]
		x2 += v * b2[k]
		x3 += v * b3[k]
	}
	return x0, x1, x2, x3
}

// diff4 is four sums of squared differences at once.
func diff4(a, b0, b1, b2, b3 []float32) (x0, x1, x2, x3 float32) {
	b0, b1, b2, b3 = b0[:len(a)], b1[:len(a)], b2[:len(a)], b3[:len(a)]
	for k, v := range a {
		d0, d1, d2, d3 := v-b0[k], v-b1[k], v-b2[k], v-b3[k]
		x0 += d0 * d0
		x1 += d1 * d1
		x2 += d2 * d2
		x3 += d3 * d3
	}
	return x0, x1, x2, x3
}
