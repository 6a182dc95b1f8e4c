package errmem_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/cpu"
	"ttad/errmem"
)

const benchDim = 64

func benchEntry(r *rand.Rand, row uint64) errmem.Entry {
	return errmem.Entry{Row: row, Key: benchRows(r, 1), Label: r.IntN(10), Base: make([]float32, 10)}
}

func benchRows(r *rand.Rand, n int) []float32 {
	x := make([]float32, n*benchDim)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// benchExact is a full memory over the CPU's index.
func benchExact(b *testing.B, rows int) *errmem.Exact {
	d, err := cpu.New(cpu.Config{})
	require.NoError(b, err)
	index, err := d.NewIndex(benchDim, rows)
	require.NoError(b, err)
	b.Cleanup(func() { index.Close(); require.NoError(b, d.Close()) })
	m, err := errmem.NewExact(errmem.ExactConfig{
		Dim: benchDim, Classes: 10, Capacity: rows, Neighbours: 10, Temperature: 0.1, Bases: true,
	}, index)
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 2))
	for row := range rows {
		m.Write(benchEntry(r, uint64(row)))
	}
	return m
}

func BenchmarkExact(b *testing.B) {
	for _, rows := range []int{2_000, 100_000, 1_000_000} {
		m, r := benchExact(b, rows), rand.New(rand.NewPCG(3, 4))
		b.Run(fmt.Sprintf("read 64 of %d", rows), func(b *testing.B) {
			var out errmem.Reading
			queries := benchRows(r, 64)
			b.ReportAllocs()
			for b.Loop() {
				m.Read(queries, 64, &out)
			}
		})
		b.Run(fmt.Sprintf("write to %d", rows), func(b *testing.B) {
			e := benchEntry(r, uint64(rows))
			b.ReportAllocs()
			for b.Loop() {
				m.Write(e)
				e.Row++
			}
		})
	}
}

func BenchmarkSketch(b *testing.B) {
	m, err := errmem.NewSketch(errmem.SketchConfig{
		Dim: benchDim, Classes: 10, Arrays: 20, Bits: 12, Temperature: 0.1, Decay: 0.8, DecayEvery: 500, Bases: true,
	})
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(5, 6))
	e := benchEntry(r, 0)
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Write(e)
		}
	})
	b.Run("read 64", func(b *testing.B) {
		var out errmem.Reading
		queries := benchRows(r, 64)
		b.ReportAllocs()
		for b.Loop() {
			m.Read(queries, 64, &out)
		}
	})
}
