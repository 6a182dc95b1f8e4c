package errmem

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func tables() SketchConfig {
	return SketchConfig{
		Dim: 6, Classes: 3, Arrays: 5, Bits: 4, Temperature: 0.1, Decay: 0.8, DecayEvery: 50, Bases: true, Seed: 3,
	}
}

func newSketch(t testing.TB, c SketchConfig) *Sketch {
	t.Helper()
	m, err := NewSketch(c)
	require.NoError(t, err)
	return m
}

func TestSketchesThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(c *SketchConfig){
		"keys of 0 values":  func(c *SketchConfig) { c.Dim = 0 },
		"1 classes":         func(c *SketchConfig) { c.Classes = 1 },
		"0 arrays":          func(c *SketchConfig) { c.Arrays = 0 },
		"25 bits":           func(c *SketchConfig) { c.Bits = 25 },
		"temperature NaN":   func(c *SketchConfig) { c.Temperature = math.NaN() },
		"decay 0":           func(c *SketchConfig) { c.Decay = 0 },
		"every 0 writes":    func(c *SketchConfig) { c.DecayEvery = 0 },
		"take 10491002880 ": func(c *SketchConfig) { c.Arrays, c.Bits, c.Classes = 20, 16, 1000 },
		"the limit is 100:": func(c *SketchConfig) { c.MaxBytes = 100 },
	} {
		c := tables()
		change(&c)
		_, err := NewSketch(c)
		require.ErrorContains(t, err, want)
	}
}

// A hash of one bit puts two rows together with probability 1 - angle/π; the
// measured rate must be within three standard errors of it.
func TestRowsCollideByTheirAngle(t *testing.T) {
	const hashes = 1000
	for _, angle := range []float64{0.2, 1, math.Pi / 2, 2.5} {
		c := SketchConfig{Dim: 5, Classes: 2, Arrays: hashes, Bits: 1, Temperature: 1, Decay: 1, DecayEvery: 1, Seed: 11}
		m := newSketch(t, c)
		a := []float32{0.6, 0, 0.8, 0, 0}
		b := []float32{0.6 * float32(math.Cos(angle)), float32(math.Sin(angle)), 0.8 * float32(math.Cos(angle)), 0, 0}
		same := 0.0
		for r := range hashes {
			if m.bucket(r, a) == m.bucket(r, b) {
				same++
			}
		}
		p := 1 - angle/math.Pi
		require.InDelta(t, p, same/hashes, 3*math.Sqrt(p*(1-p)/hashes), "angle %v", angle)
	}
}

// Counts are whole numbers between two decays, so their sums are exact; what was
// given is not whole, and rounds.
func TestTheOrderOfWritesDoesNotMatter(t *testing.T) {
	r, c := rand.New(rand.NewPCG(5, 5)), tables()
	c.DecayEvery = 1000
	var entries []Entry
	for row := range uint64(200) {
		entries = append(entries, Entry{Row: row, Key: vector(r, c.Dim), Label: r.IntN(3), Base: vector(r, 3)})
	}
	var got [2]Reading
	q := vector(r, 4*c.Dim)
	for i := range got {
		m := newSketch(t, c)
		for _, e := range entries {
			require.True(t, m.Write(e))
		}
		m.Read(q, 4, &got[i])
		r.Shuffle(len(entries), func(a, b int) { entries[a], entries[b] = entries[b], entries[a] })
	}
	require.InDeltaSlice(t, wide(got[0].BaseMean), wide(got[1].BaseMean), 1e-5)
	got[0].BaseMean, got[1].BaseMean = nil, nil
	require.Equal(t, got[0], got[1])
}

// slowSketch decays every count at once, as the definition has it.
type slowSketch struct {
	m      *Sketch // for its hashes
	counts map[[2]int][]float64
	total  float64
}

func (s *slowSketch) write(e Entry, writes int) {
	for r := range s.m.c.Arrays {
		at := [2]int{r, s.m.bucket(r, e.Key)}
		if s.counts[at] == nil {
			s.counts[at] = make([]float64, 1+s.m.c.Classes)
		}
		s.counts[at][0]++
		s.counts[at][1+e.Label]++
	}
	s.total++
	if writes%s.m.c.DecayEvery == 0 {
		s.total *= s.m.c.Decay
		for _, c := range s.counts {
			for i := range c {
				c[i] *= s.m.c.Decay
			}
		}
	}
}

func (s *slowSketch) read(q []float32) (labels []float64, support float64) {
	labels = make([]float64, s.m.c.Classes)
	sum, found := 0.0, 0.0
	for r := range s.m.c.Arrays {
		c := s.counts[[2]int{r, s.m.bucket(r, q)}]
		if c == nil || c[0] < faint {
			continue
		}
		a := math.Exp(c[0] / s.total / s.m.c.Temperature)
		sum += a
		found++
		support += c[0]
		for k := range labels {
			labels[k] += a * c[1+k] / c[0]
		}
	}
	for k := range labels {
		labels[k] /= sum
	}
	return labels, support / found
}

// 10,000 writes with a decay every five pass the point at which the tables are
// scaled back many times.
func TestCountsDecayAsDefined(t *testing.T) {
	r, c := rand.New(rand.NewPCG(6, 6)), tables()
	c.DecayEvery, c.Bits = 5, 2
	m := newSketch(t, c)
	slow := &slowSketch{m: m, counts: map[[2]int][]float64{}}
	for i := range 10_000 {
		e := Entry{Key: vector(r, c.Dim), Label: r.IntN(3), Base: make([]float32, 3)}
		e.Key[0] = float32(math.Abs(float64(e.Key[0]))) + 2 // so that some buckets fall behind
		require.True(t, m.Write(e))
		slow.write(e, i+1)
		if i%97 != 0 {
			continue
		}
		var out Reading
		q := vector(r, c.Dim)
		m.Read(q, 1, &out)
		labels, support := slow.read(q)
		if out.Support[0] == 0 {
			require.True(t, math.IsNaN(support))
			continue
		}
		require.InDelta(t, support, out.Support[0], 1e-4*support)
		require.InDeltaSlice(t, labels, wide(out.LabelMean), 1e-4)
	}
	require.Equal(t, 10_000, m.Len())
}

// Without decay, 2^24 rows in one bucket would be where float32 stops counting, and
// the shares of its classes would no longer sum to 1.
func TestCountsBeyondFloat32AreHalved(t *testing.T) {
	c := tables()
	c.Decay, c.Bits, c.Arrays, c.Bases = 1, 1, 1, false
	m, key := newSketch(t, c), []float32{1, 0, 0, 0, 0, 0}
	m.Write(Entry{Key: key})
	for at := range m.tables { // as after so many writes
		m.tables[at] *= mostCount
	}
	m.total *= mostCount
	for range 10 {
		m.Write(Entry{Key: key, Label: 1})
	}
	var out Reading
	m.Read(key, 1, &out)
	require.EqualValues(t, mostCount/2+10, math.Ceil(float64(out.Support[0])))
	require.InDelta(t, 1, out.LabelMean[0]+out.LabelMean[1], 1e-7)
	require.InDelta(t, 9.5, float64(out.LabelMean[1])*float64(out.Support[0]), 1e-3)
}

func TestASketchTellsNoRowsApart(t *testing.T) {
	c := tables()
	m := newSketch(t, c)
	require.False(t, m.Write(Entry{Row: 1, Key: make([]float32, 6), Base: make([]float32, 3)}), "no direction")
	require.True(t, m.Write(Entry{Row: 2, Key: []float32{1, 0, 0, 0, 0, 0}, Base: make([]float32, 3)}))
	require.False(t, m.Revise(2, 1))
	var out Reading
	m.Read(make([]float32, 6), 1, &out)
	require.Zero(t, out.Support[0])
	m.Reset()
	require.Zero(t, m.Len())
	m.Read([]float32{1, 0, 0, 0, 0, 0}, 1, &out)
	require.Zero(t, out.Support[0], "forgotten")
}
