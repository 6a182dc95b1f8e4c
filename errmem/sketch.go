package errmem

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Sketch adds rows up in hash tables. In table r a row falls into the bucket
//
//	sum over bits l of 2^l · [W_rl · key > 0],   W standard normal
//
// so that two rows share it with probability (1 - angle/π)^Bits. A bucket holds
// how many rows fell into it, how many of each class, and the sum of what was given
// for them.
type Sketch struct {
	c           SketchConfig
	projections []float32 // [Arrays Bits Dim]
	tables      []float32 // [Arrays 2^Bits width], all in units of 1/unit
	// unit is what one write adds. Instead of every count shrinking at a decay, it
	// grows, and all is scaled back now and then.
	unit   float64
	total  float64 // writes as the tables count them, in the same units
	writes uint64
}

// NewSketch returns an empty memory; its projections follow from the seed.
func NewSketch(c SketchConfig) (*Sketch, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(c.Seed, 0x5eed))
	projections := make([]float32, c.Arrays*c.Bits*c.Dim)
	for i := range projections {
		projections[i] = float32(r.NormFloat64())
	}
	return &Sketch{c: c, projections: projections, tables: make([]float32, c.Bytes()/4), unit: 1}, nil
}

// Len is how many rows were written since the sketch was reset.
func (m *Sketch) Len() int { return int(m.writes) }

// Reset empties the tables and keeps the projections.
func (m *Sketch) Reset() {
	clear(m.tables)
	m.unit, m.total, m.writes = 1, 0, 0
}

// Revise returns false: a row cannot be told from the others of its buckets.
func (m *Sketch) Revise(uint64, int) bool { return false }

// bucket returns where in table r a vector falls.
func (m *Sketch) bucket(r int, v []float32) int {
	bucket := 0
	for l := range m.c.Bits {
		at := (r*m.c.Bits + l) * m.c.Dim
		if dot(v, m.projections[at:at+m.c.Dim]) > 0 {
			bucket |= 1 << l
		}
	}
	return bucket
}

// sums returns a bucket's values: count, labels, and bases if kept.
func (m *Sketch) sums(r, bucket int) []float32 {
	w := m.c.width()
	at := (r<<m.c.Bits + bucket) * w
	return m.tables[at : at+w]
}

// Write adds a row to its bucket of every table.
func (m *Sketch) Write(e Entry) bool {
	e.mustFit(m.c.Dim, m.c.Classes, m.c.Bases)
	if !directed(e.Key) {
		return false
	}
	add := float32(m.unit)
	if e.Weight != 0 {
		add *= e.Weight
	}
	for r := range m.c.Arrays {
		s := m.sums(r, m.bucket(r, e.Key))
		s[0] += add
		s[1+e.Label] += add
		for k, b := range s[1+m.c.Classes:] {
			s[1+m.c.Classes+k] = b + add*e.Base[k]
		}
	}
	m.total += float64(add)
	if m.total > mostCount*m.unit {
		m.scale(0.5)
	}
	if m.writes++; m.writes%uint64(m.c.DecayEvery) == 0 {
		m.decay()
	}
	return true
}

// mostCount is how many writes the tables may weigh: twice as many, and adding one
// to a bucket that holds them all would round to nothing in float32.
const mostCount = 1 << 23

// largestUnit is where the tables are scaled back: far from float32's end, and
// rarely reached.
const largestUnit = 1 << 40

func (m *Sketch) decay() {
	if m.unit /= m.c.Decay; m.unit < largestUnit {
		return
	}
	m.scale(1 / m.unit)
	m.unit = 1
}

// scale multiplies everything the tables hold.
func (m *Sketch) scale(by float64) {
	for i := range m.tables {
		m.tables[i] *= float32(by)
	}
	m.total *= by
}

// faint is the count, in writes, below which a bucket is taken to be empty: what
// decay leaves of a row written long ago.
const faint = 1.0 / 1024

// Read makes a neighbour of the query's bucket in every table where that is not
// empty. Its similarity is its share of all writes, and
//
//	attention = softmax over tables of similarity / temperature
func (m *Sketch) Read(queries []float32, n int, out *Reading) {
	if len(queries) != n*m.c.Dim {
		panic(fmt.Sprintf("errmem: %d values for %d queries of %d", len(queries), n, m.c.Dim))
	}
	out.shape(n, m.c.Arrays, m.c.Classes, m.c.Bases)
	for i := range n {
		if v := queries[i*m.c.Dim : (i+1)*m.c.Dim]; m.writes > 0 && directed(v) {
			m.read(v, out, i)
		}
	}
}

func (m *Sketch) read(v []float32, out *Reading, i int) {
	q := out.query(i)
	found, count, nearest := 0, 0.0, float32(0)
	for r := range m.c.Arrays {
		bucket := m.bucket(r, v)
		in := float64(m.sums(r, bucket)[0])
		if in < faint*m.unit {
			continue
		}
		q.place[r], q.similarity[r] = int32(bucket), float32(in/m.total)
		nearest = max(nearest, q.similarity[r])
		count += in / m.unit
		found++
	}
	if found == 0 {
		return
	}
	out.Support[i], out.Nearest[i] = float32(count/float64(found)), nearest
	m.average(q, nearest)
}

// average weighs the buckets found and means over them.
func (m *Sketch) average(q query, nearest float32) {
	sum := 0.0
	for r, bucket := range q.place {
		if bucket >= 0 {
			q.attention[r] = float32(math.Exp(float64(q.similarity[r]-nearest) / m.c.Temperature))
			sum += float64(q.attention[r])
		}
	}
	for r, bucket := range q.place {
		if bucket < 0 {
			continue
		}
		q.attention[r] = float32(float64(q.attention[r]) / sum)
		s := m.sums(r, int(bucket))
		a := q.attention[r] / s[0]
		for k := range q.labels {
			q.labels[k] += a * s[1+k]
		}
		for k := range q.base {
			q.base[k] += a * s[1+m.c.Classes+k]
		}
	}
}

// directed reports whether a vector is neither zero nor infinite nor NaN.
func directed(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum > 0 && !math.IsInf(sum, 0)
}
