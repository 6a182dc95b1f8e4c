package errmem

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func newExact(t testing.TB, c ExactConfig) *Exact {
	t.Helper()
	m, err := NewExact(c, nil)
	require.NoError(t, err)
	return m
}

// small is a configuration tests vary.
func small() ExactConfig {
	return ExactConfig{Dim: 3, Classes: 3, Capacity: 20, Neighbours: 5, Temperature: 0.1, Bases: true}
}

func vector(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func entry(r *rand.Rand, c *ExactConfig, row uint64) Entry {
	return Entry{Row: row, Key: vector(r, c.Dim), Label: r.IntN(c.Classes), Base: vector(r, c.Classes), Weight: r.Float32()}
}

func TestConfigurationsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(c *ExactConfig){
		"keys of 0 values":       func(c *ExactConfig) { c.Dim = 0 },
		"1 classes":              func(c *ExactConfig) { c.Classes = 1 },
		"capacity of 0 rows":     func(c *ExactConfig) { c.Capacity = 0 },
		"capacity of 2147483648": func(c *ExactConfig) { c.Capacity = 1 << 31 },
		"0 neighbours":           func(c *ExactConfig) { c.Neighbours = 0 },
		"temperature 0":          func(c *ExactConfig) { c.Temperature = 0 },
		"temperature 1e-310":     func(c *ExactConfig) { c.Temperature = 1e-310 },
	} {
		c := small()
		change(&c)
		_, err := NewExact(c, nil)
		require.ErrorContains(t, err, want)
	}
}

func TestWritingTheQueryItselfGivesItsLabelBack(t *testing.T) {
	c := small()
	c.Capacity, c.Neighbours = 1, 1
	m := newExact(t, c)
	for label := range 3 {
		key := []float32{1, float32(label), -2}
		require.True(t, m.Write(Entry{Row: uint64(label), Key: key, Label: label, Base: []float32{0.2, 0.3, 0.5}}))
		var out Reading
		m.Read(key, 1, &out)
		want := make([]float32, 3)
		want[label] = 1
		require.Equal(t, want, out.LabelMean)
		require.Equal(t, []float32{0.2, 0.3, 0.5}, out.BaseMean)
		require.InDelta(t, 1, out.Nearest[0], 1e-6)
	}
}

func TestLengthsOfKeysAndQueriesDoNotMatter(t *testing.T) {
	r, c := rand.New(rand.NewPCG(1, 1)), small()
	m, long := newExact(t, c), newExact(t, c)
	for row := range uint64(15) {
		e := entry(r, &c, row)
		m.Write(e)
		e.Key = times(e.Key, 1024) // a power of two: exact in float32
		long.Write(e)
	}
	var a, b Reading
	q := vector(r, 2*c.Dim)
	m.Read(q, 2, &a)
	long.Read(times(q, 1.0/4096), 2, &b)
	require.Equal(t, a, b)
}

func times(v []float32, c float32) []float32 {
	out := slices.Clone(v)
	for i := range out {
		out[i] *= c
	}
	return out
}

func TestRowsWithoutADirectionAreNotStored(t *testing.T) {
	m := newExact(t, small())
	base := make([]float32, 3)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for i, key := range [][]float32{{0, 0, 0}, {nan, 1, 1}, {inf, 1, 1}} {
		require.False(t, m.Write(Entry{Row: uint64(i), Key: key, Base: base}))
	}
	require.Zero(t, m.Len())
	require.True(t, m.Write(Entry{Row: 9, Key: []float32{1, 0, 0}, Base: base}))
	var out Reading
	m.Read([]float32{0, 0, 0, nan, 1, 1, inf, 1, 1, 2, 0, 0}, 4, &out)
	require.Equal(t, []float32{0, 0, 0, 1}, out.Support)
	require.Equal(t, make([]float32, 9), out.LabelMean[:9])
}

func TestEntriesThatWouldSpoilEveryMeanPanic(t *testing.T) {
	nan := float32(math.NaN())
	for name, change := range map[string]func(e *Entry){
		"key":         func(e *Entry) { e.Key = e.Key[1:] },
		"label":       func(e *Entry) { e.Label = 3 },
		"base":        func(e *Entry) { e.Base = nil },
		"base NaN":    func(e *Entry) { e.Base = []float32{nan, 0, 0} },
		"weight NaN":  func(e *Entry) { e.Weight = nan },
		"weight -1":   func(e *Entry) { e.Weight = -1 },
		"weight +Inf": func(e *Entry) { e.Weight = float32(math.Inf(1)) },
	} {
		c := tables()
		c.Dim = 3
		for _, m := range []Memory{newExact(t, small()), newSketch(t, c)} {
			e := Entry{Key: []float32{1, 0, 0}, Label: 1, Base: make([]float32, 3)}
			change(&e)
			require.Panics(t, func() { m.Write(e) }, "%s in %T", name, m)
		}
	}
}

// model is a memory as one would write it without caring for time: rows in the
// order of their writes.
type model struct {
	c    ExactConfig
	rows []Entry
}

func (m *model) drop(i int) { m.rows = slices.Delete(m.rows, i, i+1) }

func (m *model) write(e Entry) {
	if i := m.find(e.Row); i >= 0 {
		m.drop(i)
	}
	if len(m.rows) == m.c.Capacity {
		m.drop(0)
	}
	m.rows = append(m.rows, e)
}

func (m *model) find(row uint64) int {
	return slices.IndexFunc(m.rows, func(e Entry) bool { return e.Row == row })
}

func (m *model) revise(row uint64, label int) bool {
	i := m.find(row)
	if i >= 0 {
		m.rows[i].Label = label
	}
	return i >= 0
}

// read returns the means over the neighbours of one query.
func (m *model) read(q []float32) (labels, base []float64) {
	order := make([]int, len(m.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return int(math.Copysign(1, cosine(q, m.rows[b].Key)-cosine(q, m.rows[a].Key)))
	})
	labels, base = make([]float64, m.c.Classes), make([]float64, m.c.Classes)
	total := 0.0
	for _, i := range order[:min(m.c.Neighbours, len(order))] {
		e := m.rows[i]
		a := math.Exp(cosine(q, e.Key)/m.c.Temperature) * float64(e.Weight)
		total += a
		labels[e.Label] += a
		for k, b := range e.Base {
			base[k] += a * float64(b)
		}
	}
	for k := range labels {
		labels[k] /= total
		base[k] /= total
	}
	return labels, base
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

func TestExactIsItsModelUnderAnyOrderOfWritesAndRevisions(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		c := ExactConfig{Dim: 4, Classes: 4, Capacity: 5 + r.IntN(30), Neighbours: 1 + r.IntN(6), Temperature: 0.3, Bases: seed%3 > 0}
		m, want := newExact(t, c), &model{c: c}
		for step := range 300 {
			switch r.IntN(10) {
			case 0, 1, 2:
				row, label := uint64(r.IntN(1+step)), r.IntN(c.Classes)
				require.Equal(t, want.revise(row, label), m.Revise(row, label))
			case 3: // a name that may be known
				e := entry(r, &c, uint64(r.IntN(1+step)))
				want.write(e)
				m.Write(e)
			default:
				e := entry(r, &c, uint64(step))
				want.write(e)
				m.Write(e)
			}
			agree(t, r, m, want)
		}
	}
}

func agree(t *testing.T, r *rand.Rand, m *Exact, want *model) {
	t.Helper()
	require.Equal(t, len(want.rows), m.Len())
	if m.Len() == 0 {
		return
	}
	var out Reading
	q := vector(r, m.c.Dim)
	m.Read(q, 1, &out)
	labels, base := want.read(q)
	require.EqualValues(t, min(m.c.Neighbours, m.Len()), out.Support[0])
	require.InDeltaSlice(t, labels, wide(out.LabelMean), 1e-4)
	if m.c.Bases {
		require.InDeltaSlice(t, base, wide(out.BaseMean), 1e-3)
	} else {
		require.Empty(t, out.BaseMean)
	}
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}
