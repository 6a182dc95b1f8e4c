package lame

import (
	"math"

	"ttad/accel/dense"
)

// space is the features of a block, each row divided by its length.
type space struct {
	math   *dense.Math
	unit   dense.Matrix
	mean   []float32
	zero   []bool // rows without a direction
	given  []bool // rows whose probabilities are finite
	alone  []bool // rows that are not finite: they take no part and harm no other
	others int    // rows that are not alone
}

// set normalizes the features. A row of zeros stays zero, and so does one that is
// not finite.
func (s *space) set(features, probs matrix) {
	s.unit = s.math.Padded(s.unit.Data, features.rows, features.width)
	s.zero, s.given, s.alone = resized(s.zero, features.rows), resized(s.given, features.rows), resized(s.alone, features.rows)
	s.others = 0
	for i := range features.rows {
		length := s.length(features.row(i))
		s.zero[i] = length == 0
		total := s.math.Sum(probs.row(i))
		s.given[i] = total-total == 0
		s.alone[i] = length-length != 0 || !s.given[i]
		if s.alone[i] {
			clear(s.unit.Row(i))
			continue
		}
		s.others++
		s.scale(s.unit.Row(i), features.row(i), 1/math.Max(length, 1e-12))
	}
}

// ordinary are the lengths whose squares and inverses float32 has to full precision.
func ordinary(length float64) bool { return length > 1e-12 && length < 1e12 }

// length of a row; not a number, or infinite, where the row is not finite.
func (s *space) length(x []float32) float64 {
	_, squares := s.math.SumShifted(x, 0)
	if length := math.Sqrt(squares); ordinary(length) {
		return length
	}
	squares = 0
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	return math.Sqrt(squares)
}

func (s *space) scale(dst, x []float32, factor float64) {
	if ordinary(factor) {
		s.math.MulScalar(dst, x, float32(factor))
		return
	}
	for k, v := range x {
		dst[k] = float32(float64(v) * factor)
	}
}

// centre moves the rows' mean to the origin. Distances stay what they are, while
// dot products lose fewer digits to what all rows have in common.
func (s *space) centre() {
	s.mean = resized(s.mean, s.unit.Columns)
	clear(s.mean)
	for i, alone := range s.alone {
		if !alone {
			s.math.Add(s.mean, s.mean, s.unit.Row(i))
		}
	}
	s.math.MulScalar(s.mean, s.mean, 1/float32(max(s.others, 1)))
	for i, alone := range s.alone {
		if !alone {
			s.math.Sub(s.unit.Row(i), s.unit.Row(i), s.mean)
		}
	}
}

// resized returns a slice of n values of any content, keeping s's memory where it
// suffices.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
