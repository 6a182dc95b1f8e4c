package lame

import "math"

// space is the features of a block, each row divided by its length.
type space struct {
	unit   matrix
	zero   []bool    // rows without a direction
	alone  []bool    // rows that are not finite: they take no part and harm no other
	square []float64 // squared lengths, where distances come from dot products
}

// set normalizes the features. A row of zeros stays zero.
func (s *space) set(features, probs matrix) {
	s.unit = matrix{data: resized(s.unit.data, len(features.data)), rows: features.rows, width: features.width}
	s.zero, s.alone = resized(s.zero, features.rows), resized(s.alone, features.rows)
	for i := range features.rows {
		src, dst := features.row(i), s.unit.row(i)
		length := 0.0
		for _, v := range src {
			length += float64(v) * float64(v)
		}
		length = math.Sqrt(length)
		s.zero[i] = length == 0
		s.alone[i] = math.IsNaN(length) || math.IsInf(length, 0) || !finiteRow(probs.row(i))
		if s.alone[i] {
			clear(dst)
			continue
		}
		scale := 1 / math.Max(length, 1e-12)
		for k, v := range src {
			dst[k] = float32(float64(v) * scale)
		}
	}
}

// company is the number of rows that take part.
func (s *space) company() int {
	n := 0
	for _, alone := range s.alone {
		if !alone {
			n++
		}
	}
	return n
}

func finiteRow(row []float32) bool {
	for _, v := range row {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// resized returns a slice of n values of any content, keeping s's memory where it
// suffices.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
