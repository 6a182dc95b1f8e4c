package errmem

import "math"

// loops is the Index one would write first: every query against every key.
type loops struct {
	dim  int
	keys []float32
}

// Set puts a key into a slot.
func (l *loops) Set(slot int, key []float32) {
	for len(l.keys) < (slot+1)*l.dim {
		l.keys = append(l.keys, make([]float32, l.dim)...)
	}
	copy(l.keys[slot*l.dim:], key[:l.dim])
}

// Key reads a slot.
func (l *loops) Key(slot int, key []float32) { copy(key[:l.dim], l.keys[slot*l.dim:]) }

// Search compares each query with each key, in the order of slots, so that a later
// one of equal similarity comes behind.
func (l *loops) Search(queries []float32, n, k, live int, slots []int32, similarities []float32) {
	for i := range n {
		query, found := queries[i*l.dim:(i+1)*l.dim], 0
		places, best := slots[i*k:(i+1)*k], similarities[i*k:(i+1)*k]
		for slot := range live {
			s := dot(query, l.keys[slot*l.dim:])
			if math.IsNaN(float64(s)) || math.IsInf(float64(s), 0) {
				continue
			}
			at := found
			for at > 0 && s > best[at-1] {
				at--
			}
			if at == k {
				continue
			}
			found = min(found+1, k)
			copy(best[at+1:found], best[at:])
			copy(places[at+1:found], places[at:])
			best[at], places[at] = s, int32(slot)
		}
		for j := found; j < k; j++ {
			places[j], best[j] = -1, 0
		}
	}
}

// dot is the inner product over len(a) values, in four sums, so that no addition
// waits for the one before.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return s0 + s1 + (s2 + s3)
}
