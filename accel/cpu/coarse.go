package cpu

import "math"

// A coarse search looks at keys and queries rounded to eight bits first. That is a
// quarter of the bytes and, where the processor multiplies bytes, a quarter of the
// instructions; and it is enough to rule out nearly every key, for how far rounding
// can be off is known:
//
//	|q·x - q̂·x̂| <= |q̂| |x - x̂| + |q - q̂| |x|       (Cauchy and Schwarz, twice)
//
// with q̂ and x̂ the rounded ones. What cannot be ruled out is computed by the tile's
// own arithmetic, so a coarse search finds the same bits as any other.

// codes are an index's keys rounded to eight bits, in panels of tileCols keys and
// words of four values:
//
//	x̂[i] = scale · values[i],   -127 <= values[i] <= 127
type codes struct {
	words  int     // of a key
	values []int8  // [panel][word][tileCols][4]
	start  []int32 // [panel][tileCols] -128 times the sum of the key's values
	scale  []float32
	off    []float32 // at least |x - x̂|; NaN where x is not finite and never found
	norm   float64   // at least |x| of every finite key ever set
}

const (
	// coarseKeys is how many keys a coarse search needs to pay off.
	coarseKeys = 1 << 14
	// coarseDim is the width up to which sums of products of bytes fit int32.
	coarseDim = 1 << 16
	// Norms beyond these would need care with what float32 cannot hold; they are
	// left to the other search.
	leastNorm, mostNorm = 1e-12, 1e12
)

func newCodes(dim, capacity int) *codes {
	words, slots := ceilDiv(dim, 4), roundUp(capacity, tileCols)
	return &codes{
		words: words, values: make([]int8, slots*words*4),
		start: make([]int32, slots), scale: make([]float32, slots), off: make([]float32, slots),
	}
}

// set rounds a key.
func (c *codes) set(slot int, key []float32) {
	column := c.values[(slot/tileCols*tileCols*c.words+slot%tileCols)*4:]
	r := rounded(key)
	c.start[slot], c.scale[slot], c.off[slot] = 0, float32(r.scale), float32(r.off*(1+1e-6))
	if norm := r.norm; !math.IsNaN(norm) {
		c.norm = max(c.norm, norm)
	}
	for i, v := range key {
		value := r.value(v)
		column[i/4*tileCols*4+i%4] = value
		c.start[slot] -= 128 * int32(value)
	}
}

// rounding is how a vector is rounded: to what multiples, and how far off it is
// then. A vector that is not finite has NaN for a norm and all values 0.
type rounding struct{ scale, off, norm float64 }

func rounded(x []float32) rounding {
	var r rounding
	for _, v := range x {
		r.norm += float64(v) * float64(v)
		r.scale = max(r.scale, math.Abs(float64(v)))
	}
	r.norm = math.Sqrt(r.norm)
	if math.IsNaN(r.norm) || math.IsInf(r.scale, 0) {
		return rounding{0, math.NaN(), math.NaN()}
	}
	if r.scale = float64(float32(r.scale / 127)); r.scale < 1e-30 {
		return rounding{0, r.norm, r.norm}
	}
	for _, v := range x {
		d := float64(v) - r.scale*float64(r.value(v))
		r.off += d * d
	}
	r.off = math.Sqrt(r.off)
	return r
}

func (r *rounding) value(v float32) int8 {
	if r.scale == 0 {
		return 0
	}
	return int8(max(-127, min(127, math.Round(float64(v)/r.scale))))
}

// coarseRows are tileRows queries as the coarse tile takes them. Everything about
// a query is in units of its scale.
type coarseRows struct {
	values []uint8           // [word][tileRows][4] 128 more than the rounded query's
	reach  [tileRows]float32 // at least |q̂|: what a key's off is multiplied with
	slack  [tileRows]float64 // at least |q - q̂| times the largest norm, and float32's rounding
	limits [tileRows]float32 // what an upper bound less slack has to exceed
	fine   bool              // leave these queries to the other search
}

// round rounds queries [rows dim]; those beyond the last are never like anything.
func (c *coarseRows) round(queries []float32, rows, dim int, norm float64) {
	words := ceilDiv(dim, 4)
	c.values = sized(c.values, words*tileRows*4)
	for i := range c.values {
		c.values[i] = 128
	}
	c.fine = norm < leastNorm || norm > mostNorm
	for i := range tileRows {
		c.reach[i], c.slack[i], c.limits[i] = 0, 0, float32(math.Inf(1))
		if i < rows {
			c.roundRow(i, queries[i*dim:(i+1)*dim], norm)
		}
	}
}

func (c *coarseRows) roundRow(i int, query []float32, norm float64) {
	r := rounded(query)
	if !(r.norm >= leastNorm && r.norm <= mostNorm) {
		c.fine = true
		return
	}
	sum := 0.0
	for d, v := range query {
		value := r.value(v)
		sum += float64(value) * float64(value)
		c.values[(d/4*tileRows+i)*4+d%4] = uint8(int(value) + 128)
	}
	// The exact search adds up in float32, and so does the bound itself.
	float := float64(len(query)+16) * 0x1p-23
	c.reach[i] = float32(math.Sqrt(sum) * (1 + 1e-6))
	c.slack[i] = (r.off*(1+1e-6) + float*r.norm) / r.scale * norm
	c.limits[i] = float32(math.Inf(-1))
}

// raise sets a row's limit from a similarity, in its units, that k keys reach: a
// little below, so that an equal one exceeds it.
func (c *coarseRows) raise(i int, reached float64) {
	limit := reached - c.slack[i]
	c.limits[i] = max(c.limits[i], float32(limit-math.Abs(limit)*1e-6-1e-30))
}

// lower returns the least similarity a key can have whose upper bound, less slack,
// is as given.
func (c *coarseRows) lower(i int, upper, off float32) float64 {
	return float64(upper) - 2*float64(off)*float64(c.reach[i]) - c.slack[i]
}

// plainCoarse is coarseTile in Go. For tileRows queries and one panel of keys it
// computes
//
//	upper = scale[j] · (start[j] + sum left·right) + off[j] · reach[i]
//
// and notes those above limits as sift does.
func plainCoarse(q *coarseRows, c *codes, panel int, uppers *[tileRows * tileCols]float32, hits *[tileRows]uint32) bool {
	any := uint32(0)
	right, first := c.values[panel*c.words*tileCols*4:], panel*tileCols
	for i := range tileRows {
		hits[i] = 0
		for j := range tileCols {
			sum := c.start[first+j]
			for w := range c.words {
				for b := range 4 {
					sum += int32(q.values[(w*tileRows+i)*4+b]) * int32(right[(w*tileCols+j)*4+b])
				}
			}
			upper := c.scale[first+j]*float32(sum) + c.off[first+j]*q.reach[i]
			uppers[i*tileCols+j] = upper
			if upper > q.limits[i] {
				hits[i] |= 1 << j
			}
		}
		any |= hits[i]
	}
	return any != 0
}
