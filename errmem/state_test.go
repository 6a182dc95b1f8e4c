package errmem

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// memories are the kinds there are, built alike each time.
func memories(t testing.TB) map[string]func() Memory {
	return map[string]func() Memory{
		"exact": func() Memory {
			c := small()
			c.Dim = 6
			return newExact(t, c)
		},
		"exact without bases": func() Memory {
			c := small()
			c.Dim, c.Bases = 6, false
			return newExact(t, c)
		},
		"sketch": func() Memory { return newSketch(t, tables()) },
	}
}

// live writes and revises n rows after the first so many.
func live(m Memory, r *rand.Rand, first, n int) {
	for i := range n {
		row := uint64(first + i)
		m.Write(Entry{Row: row, Key: vector(r, 6), Label: r.IntN(3), Base: vector(r, 3), Weight: 1})
		m.Revise(row/2, r.IntN(3))
	}
}

func reading(m Memory, q []float32) (out Reading) {
	m.Read(q, len(q)/6, &out)
	return out
}

func TestARestoredMemoryContinuesExactly(t *testing.T) {
	for name, build := range memories(t) {
		t.Run(name, func(t *testing.T) {
			for written := range 70 {
				r := rand.New(rand.NewPCG(uint64(written), 9))
				a, b := build(), build()
				live(a, r, 0, written)
				live(b, r, 0, 5) // something to be replaced
				require.NoError(t, b.Restore(a.Snapshot()))
				require.Equal(t, a.Snapshot(), b.Snapshot())
				q := vector(r, 60)
				require.Equal(t, reading(a, q), reading(b, q))
				live(a, rand.New(rand.NewPCG(1, 1)), written, 40)
				live(b, rand.New(rand.NewPCG(1, 1)), written, 40)
				require.Equal(t, reading(a, q), reading(b, q))
				require.Equal(t, a.Snapshot(), b.Snapshot())
				require.Equal(t, a.Len(), b.Len())
			}
		})
	}
}

func TestReadingLeavesNoTrace(t *testing.T) {
	for name, build := range memories(t) {
		t.Run(name, func(t *testing.T) {
			r, m := rand.New(rand.NewPCG(3, 9)), build()
			live(m, r, 0, 50)
			before := m.Snapshot()
			reading(m, vector(r, 60))
			require.Equal(t, before, m.Snapshot())
		})
	}
}

func TestResetIsAsBuilt(t *testing.T) {
	for name, build := range memories(t) {
		t.Run(name, func(t *testing.T) {
			r, m := rand.New(rand.NewPCG(4, 9)), build()
			live(m, r, 0, 50)
			m.Reset()
			require.Equal(t, build().Snapshot(), m.Snapshot())
			require.Zero(t, m.Len())
		})
	}
}

func TestStatesOfOtherMemoriesAreRefused(t *testing.T) {
	exact := newExact(t, small())
	sketch := newSketch(t, tables())
	other := small()
	other.Dim, other.Capacity = 4, 19
	seeded := tables()
	seeded.Seed = 4
	require.ErrorContains(t, exact.Restore(newExact(t, other).Snapshot()), "expected a state for keys of width 3, got one for 4")
	require.ErrorContains(t, exact.Restore(newExact(t, other).Snapshot()), "expected a state for a capacity of 20, got one for 19")
	require.ErrorContains(t, sketch.Restore(newSketch(t, seeded).Snapshot()), "expected a state for seed 3, got one for 4")
	require.ErrorContains(t, exact.Restore(sketch.Snapshot()), `expected a state that begins with "errmem exact 1\n"`)
	require.ErrorContains(t, sketch.Restore(exact.Snapshot()), `expected a state that begins with "errmem sketch 1\n"`)
}

// Every byte matters: cut short anywhere, a state is refused; with one bit changed
// it is refused or is another state, and a refused one changes nothing.
func TestDamagedStatesAreRefusedOrRead(t *testing.T) {
	for name, build := range memories(t) {
		t.Run(name, func(t *testing.T) {
			r, m := rand.New(rand.NewPCG(5, 9)), build()
			live(m, r, 0, 40)
			state := m.Snapshot()
			kept := build()
			live(kept, r, 0, 10)
			before := kept.Snapshot()
			for cut := range len(state) {
				require.Error(t, kept.Restore(state[:cut]))
			}
			require.Error(t, kept.Restore(append(state[:len(state):len(state)], 0)))
			require.Equal(t, before, kept.Snapshot())
			for range 2000 {
				bad := append([]byte(nil), state...)
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
				if kept.Restore(bad) != nil {
					require.Equal(t, before, kept.Snapshot())
					continue
				}
				reading(kept, vector(r, 60))
				before = kept.Snapshot()
			}
		})
	}
}

// An empty slot has a key that nothing is similar to; one that could be found would
// be a neighbour without a label.
func TestAnEmptySlotWithAKeyIsRefused(t *testing.T) {
	c := small()
	m := newExact(t, c)
	for label := range 2 {
		m.Write(Entry{Row: uint64(label), Key: []float32{1, 0, 0}, Label: label, Base: make([]float32, 3)})
	}
	require.False(t, m.Write(Entry{Row: 1, Key: make([]float32, 3), Base: make([]float32, 3)}), "forgets the row, and remembers nothing instead")
	require.Len(t, m.rows.free, 1)
	m.index.Set(int(m.rows.free[0]), []float32{1, 0, 0})
	require.ErrorContains(t, newExact(t, c).Restore(m.Snapshot()), "slot 1 is empty, and its key could be found")
}

func TestListsOfEmptySlotsThatCannotBeAreRefused(t *testing.T) {
	c := small()
	for want, spoil := range map[string]func(r *rows){
		"slot 0 is listed as empty wrongly":    func(r *rows) { r.free[0] = 0 },
		"slot 9 is listed as empty wrongly":    func(r *rows) { r.free[0] = 9 },
		"1 slots are empty, 0 are listed as s": func(r *rows) { r.free = nil },
	} {
		m := newExact(t, c)
		for label := range 2 {
			m.Write(Entry{Row: uint64(label), Key: []float32{1, 0, 0}, Label: label, Base: make([]float32, 3)})
		}
		m.Write(Entry{Row: 1, Key: make([]float32, 3), Base: make([]float32, 3)})
		spoil(m.rows)
		require.ErrorContains(t, newExact(t, c).Restore(m.Snapshot()), want)
	}
}

// A memory that took over any bytes works on.
func FuzzRestore(f *testing.F) {
	for _, build := range memories(f) {
		for _, n := range []int{0, 3, 50} {
			m := build()
			live(m, rand.New(rand.NewPCG(6, uint64(n))), 0, n)
			f.Add(m.Snapshot())
		}
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		for _, build := range memories(t) {
			m := build()
			if m.Restore(state) != nil {
				require.Equal(t, build().Snapshot(), m.Snapshot())
				continue
			}
			r := rand.New(rand.NewPCG(7, 9))
			live(m, r, 0, 30)
			reading(m, vector(r, 60))
			require.NoError(t, build().Restore(m.Snapshot()))
		}
	})
}
