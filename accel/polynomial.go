package accel

import "math"

// maxExtent bounds every extent and every coefficient of one: the limit of the
// int32 indexing that devices share. Keeping coefficients below it also keeps
// the arithmetic on them from overflowing int.
const maxExtent = math.MaxInt32

// polynomial is a number of elements as a function of the row count:
// coefficients by power, constant first. Products of extents are compared in
// this form because [4N 16 8] and [N 64 8] agree for every N although no two of
// their extents do.
type polynomial []int

// elementsOf multiplies the extents of s. It reports false when a coefficient
// exceeds maxExtent: such a tensor has no batch it could be used with.
func elementsOf(s Shape) (polynomial, bool) {
	p := polynomial{1}
	for _, d := range s {
		if p = p.times(d); p == nil {
			return nil, false
		}
	}
	return p.trim(), true
}

// times multiplies by one extent; nil means a coefficient grew too large.
func (p polynomial) times(d Dim) polynomial {
	out := make(polynomial, len(p)+1)
	for i, c := range p {
		out[i] += c * d.Fixed
		out[i+1] += c * d.PerRow
	}
	for _, c := range out {
		if c > maxExtent || c < -maxExtent {
			return nil
		}
	}
	return out.trim()
}

// trim drops leading zero powers so that equal functions have equal slices.
func (p polynomial) trim() polynomial {
	for len(p) > 1 && p[len(p)-1] == 0 {
		p = p[:len(p)-1]
	}
	return p
}

func (p polynomial) equal(q polynomial) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// plus adds two extents.
func (d Dim) plus(e Dim) Dim { return Dim{d.PerRow + e.PerRow, d.Fixed + e.Fixed} }

// times scales an extent by a number that does not depend on the batch.
func (d Dim) times(k int) Dim { return Dim{d.PerRow * k, d.Fixed * k} }

// atLeast reports whether the extent is n or more for every batch. A linear
// function is, when it does not fall and its first value, at one row, suffices.
func (d Dim) atLeast(n int) bool { return d.PerRow >= 0 && d.At(1) >= n }

// usable reports whether the extent is a possible one: not negative for any
// batch and small enough to be computed with.
func (d Dim) usable() bool {
	small := d.PerRow <= maxExtent && d.Fixed <= maxExtent && d.Fixed >= -maxExtent
	return small && d.atLeast(0)
}
