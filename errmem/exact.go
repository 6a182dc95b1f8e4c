package errmem

import (
	"fmt"
	"math"
)

// ExactConfig says what an Exact remembers.
type ExactConfig struct {
	Dim         int     // width of a key
	Classes     int     // at least 2
	Capacity    int     // rows; the oldest makes room for the newest
	Neighbours  int     // most rows a query is answered from
	Temperature float64 // of the attention, at least 1e-9; small listens to the nearest only
	// Bases keeps what was given for each row, for Reading.BaseMean.
	Bases bool
}

// maxCapacity keeps slots within int32 with room for sums of two.
const maxCapacity = 1 << 30

// least keeps what is divided by a temperature finite.
const least = 1e-9

func (c *ExactConfig) check() error {
	switch {
	case c.Dim < 1:
		return fmt.Errorf("error memory: keys of %d values; at least 1 is needed", c.Dim)
	case c.Classes < 2:
		return fmt.Errorf("error memory: %d classes; at least 2 are needed", c.Classes)
	case c.Capacity < 1 || c.Capacity > maxCapacity:
		return fmt.Errorf("error memory: capacity of %d rows is outside 1 to %d", c.Capacity, maxCapacity)
	case c.Neighbours < 1:
		return fmt.Errorf("error memory: %d neighbours; at least 1 is needed", c.Neighbours)
	case !(c.Temperature >= least) || math.IsInf(c.Temperature, 0):
		return fmt.Errorf("error memory: temperature %v is not at least %v", c.Temperature, least)
	}
	return nil
}

// Exact remembers the newest rows themselves, in slots 0 to Capacity-1.
type Exact struct {
	c     ExactConfig
	index Index
	rows  *rows

	units []float32 // scratch: queries or a key at unit length
	logs  []float64 // scratch: of one query's attentions
}

// NewExact returns an empty memory that keeps its keys in index, made for keys of
// Dim values and Capacity slots and used by nobody else. Where index is nil it
// searches with plain loops.
func NewExact(c ExactConfig, index Index) (*Exact, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if index == nil {
		index = &loops{dim: c.Dim}
	}
	return &Exact{c: c, index: index, rows: newRows(&c)}, nil
}

// Len is how many rows are remembered.
func (m *Exact) Len() int { return m.rows.live }

// Reset forgets everything.
func (m *Exact) Reset() { m.rows = newRows(&m.c) }

// Read finds the neighbours of n queries. A neighbour's attention is
//
//	weight · exp(similarity / temperature)
//
// over its sum.
func (m *Exact) Read(queries []float32, n int, out *Reading) {
	if len(queries) != n*m.c.Dim {
		panic(fmt.Sprintf("errmem: %d values for %d queries of %d", len(queries), n, m.c.Dim))
	}
	out.shape(n, m.c.Neighbours, m.c.Classes, m.c.Bases)
	if m.rows.live == 0 || n == 0 {
		return
	}
	m.units = append(m.units[:0], queries...)
	for i := range n {
		unit := m.units[i*m.c.Dim : (i+1)*m.c.Dim]
		if !normalize(unit, unit) {
			unit[0] = float32(math.NaN()) // nothing is similar to it
		}
	}
	m.index.Search(m.units, n, m.c.Neighbours, m.rows.used, out.Place, out.Similarity)
	m.weighAll(out, n)
}

// Used is how many slots of the index a search goes through, from the first.
func (m *Exact) Used() int { return m.rows.used }

// ReadFound is Read for n queries that somebody else has searched for in the same index,
// among its first Used slots, for as many neighbours each.
func (m *Exact) ReadFound(place []int32, similarity []float32, n int, out *Reading) {
	if len(place) != n*m.c.Neighbours || len(similarity) != len(place) {
		panic(fmt.Sprintf("errmem: %d places and %d similarities for %d queries of %d neighbours", len(place), len(similarity), n, m.c.Neighbours))
	}
	out.shape(n, m.c.Neighbours, m.c.Classes, m.c.Bases)
	if m.rows.live == 0 {
		return
	}
	copy(out.Place, place)
	copy(out.Similarity, similarity)
	m.weighAll(out, n)
}

func (m *Exact) weighAll(out *Reading, n int) {
	for i := range n {
		m.weigh(out, i)
	}
}

// weigh turns the neighbours found for query i into means.
func (m *Exact) weigh(out *Reading, i int) {
	q := out.query(i)
	found := 0
	for found < len(q.place) && q.place[found] >= 0 {
		found++
	}
	if found == 0 {
		return
	}
	out.Support[i], out.Nearest[i] = float32(found), q.similarity[0]
	m.attend(q, found)
	for j, slot := range q.place[:found] {
		a := q.attention[j]
		q.labels[m.rows.label[slot]] += a
		for k, b := range m.rows.baseOf(slot) {
			q.base[k] += a * b
		}
	}
}

// attend writes the attention of the first found neighbours. The largest logarithm
// is taken off all, so that no exponent is above 0 and one is 0.
func (m *Exact) attend(q query, found int) {
	m.logs = m.logs[:0]
	top, sum := math.Inf(-1), 0.0
	for j, slot := range q.place[:found] {
		l := float64(q.similarity[j])/m.c.Temperature + math.Log(float64(m.rows.weight[slot]))
		m.logs, top = append(m.logs, l), max(top, l)
	}
	for j, l := range m.logs {
		m.logs[j] = math.Exp(l - top)
		sum += m.logs[j]
	}
	for j, a := range m.logs {
		q.attention[j] = float32(a / sum)
	}
}

// Write remembers a row in the place of an earlier one of the same name, or else,
// where the memory is full, of the oldest.
func (m *Exact) Write(e Entry) bool {
	e.mustFit(m.c.Dim, m.c.Classes, m.c.Bases)
	if slot, known := m.rows.slotOf[e.Row]; known {
		m.forget(slot)
	}
	m.units = room(m.units, m.c.Dim)
	if !normalize(m.units, e.Key) {
		return false
	}
	// The slot emptied here is the one filled, so the index is told once.
	if m.rows.live == m.c.Capacity {
		m.rows.remove(m.rows.order.first)
	}
	m.index.Set(int(m.rows.add(&e)), m.units)
	return true
}

// Revise gives a remembered row another label; its age stays.
func (m *Exact) Revise(row uint64, label int) bool {
	if label < 0 || label >= m.c.Classes {
		panic(fmt.Sprintf("errmem: label %d for memory of %d classes", label, m.c.Classes))
	}
	slot, known := m.rows.slotOf[row]
	if known {
		m.rows.label[slot] = int32(label)
	}
	return known
}

// forget empties a slot. A key that is not a number is similar to nothing, so the
// index need not know which slots are empty.
func (m *Exact) forget(slot int32) {
	m.rows.remove(slot)
	m.units = room(m.units, m.c.Dim)
	m.units[0] = float32(math.NaN())
	m.index.Set(int(slot), m.units)
}

// normalize writes x at unit length to dst and reports whether x has a direction.
func normalize(dst, x []float32) bool {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return false
	}
	scale := 1 / math.Sqrt(sum)
	for i, v := range x {
		dst[i] = float32(float64(v) * scale)
	}
	return true
}
