package errmem

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const (
	sketchTitle  = "errmem sketch 1\n"
	sketchHeader = 4*5 + 8*5
)

// Snapshot returns the buckets that are not empty; projections follow from the
// seed.
func (m *Sketch) Snapshot() []byte {
	le, w := binary.LittleEndian, m.c.width()
	state := []byte(sketchTitle)
	for _, v := range []int{m.c.Dim, m.c.Classes, m.c.Arrays, m.c.Bits, int(number(m.c.Bases))} {
		state = le.AppendUint32(state, uint32(v))
	}
	for _, v := range []uint64{m.c.Seed, m.writes, math.Float64bits(m.unit), math.Float64bits(m.total), m.filled()} {
		state = le.AppendUint64(state, v)
	}
	for at := 0; at < len(m.tables); at += w {
		if m.tables[at] > 0 {
			state = appendFloats(le.AppendUint64(state, uint64(at/w)), m.tables[at:at+w])
		}
	}
	return state
}

// filled counts the buckets that are not empty.
func (m *Sketch) filled() (n uint64) {
	for at := 0; at < len(m.tables); at += m.c.width() {
		if m.tables[at] > 0 {
			n++
		}
	}
	return n
}

// Restore takes over a state of a sketch with the same seed, keys, classes, tables
// and bases.
func (m *Sketch) Restore(state []byte) error {
	next := Sketch{c: m.c, projections: m.projections, tables: m.tables}
	buckets, err := next.decode(state)
	if err != nil {
		return fmt.Errorf("restore error sketch: %w", err)
	}
	clear(m.tables)
	w := m.c.width()
	for d := (decoder{buckets}); len(d.rest) > 0; {
		at := int(d.uint64()) * w
		d.floats(m.tables[at : at+w])
	}
	*m = next
	return nil
}

// decode reads a state's header, checks the buckets that follow and returns them.
func (m *Sketch) decode(state []byte) ([]byte, error) {
	d, err := open(state, sketchTitle, sketchHeader)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		built("keys of width", uint64(m.c.Dim), uint64(d.uint32())),
		built("classes:", uint64(m.c.Classes), uint64(d.uint32())),
		built("arrays:", uint64(m.c.Arrays), uint64(d.uint32())),
		built("bits:", uint64(m.c.Bits), uint64(d.uint32())),
		built("bases (1: kept)", number(m.c.Bases), uint64(d.uint32())),
		built("seed", m.c.Seed, d.uint64()),
	); err != nil {
		return nil, err
	}
	m.writes = d.uint64()
	m.unit, m.total = math.Float64frombits(d.uint64()), math.Float64frombits(d.uint64())
	if !(m.unit >= 1 && m.unit < largestUnit) || !(m.total >= 0) || math.IsInf(m.total, 0) {
		return nil, fmt.Errorf("writes weigh %v of %v in all, which cannot be", m.unit, m.total)
	}
	size := uint64(8 + 4*m.c.width())
	if n := d.uint64(); n != uint64(len(d.rest))/size || uint64(len(d.rest))%size != 0 {
		return nil, fmt.Errorf("expected %d buckets of %d bytes, got %d bytes", n, size, len(d.rest))
	}
	return d.rest, m.checkBuckets(*d)
}

// checkBuckets checks that buckets exist, ascend and hold sums of something.
func (m *Sketch) checkBuckets(d decoder) error {
	sums := make([]float32, m.c.width())
	for next := uint64(0); len(d.rest) > 0; {
		bucket := d.uint64()
		d.floats(sums)
		if bucket < next || bucket >= uint64(m.c.Arrays)<<m.c.Bits {
			return fmt.Errorf("bucket %d is out of order or beyond the tables", bucket)
		}
		// Twice as many leave room for what float32 rounds.
		if !finite(sums) || !(sums[0] > 0) || float64(sums[0]) > 2*m.total {
			return fmt.Errorf("bucket %d does not hold sums of rows", bucket)
		}
		next = bucket + 1
	}
	return nil
}
