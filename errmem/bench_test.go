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

// cpuIndex is an index of the CPU's, on all its workers.
func cpuIndex(b *testing.B, rows int) errmem.Index {
	d, err := cpu.New(cpu.Config{})
	require.NoError(b, err)
	index, err := d.NewIndex(benchDim, rows)
	require.NoError(b, err)
	b.Cleanup(func() { index.Close(); require.NoError(b, d.Close()) })
	return index
}

// benchExact is a full memory over an index.
func benchExact(b *testing.B, rows int, index errmem.Index) *errmem.Exact {
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

func benchRead(b *testing.B, m errmem.Memory, queries int, what string) {
	b.Run(fmt.Sprintf("read %d of %s", queries, what), func(b *testing.B) {
		var out errmem.Reading
		rows := benchRows(rand.New(rand.NewPCG(3, 4)), queries)
		b.ReportAllocs()
		for b.Loop() {
			m.Read(rows, queries, &out)
		}
	})
}

// The same memory over plain loops stands beside the one over the CPU's index, up to
// a size at which that takes a blink.
func BenchmarkExact(b *testing.B) {
	for _, rows := range []int{2_000, 100_000, 1_000_000} {
		m, r := benchExact(b, rows, cpuIndex(b, rows)), rand.New(rand.NewPCG(3, 4))
		for _, queries := range []int{1, 64} {
			benchRead(b, m, queries, fmt.Sprint(rows))
			if rows <= 100_000 {
				benchRead(b, benchExact(b, rows, nil), queries, fmt.Sprint(rows, " by plain loops"))
			}
		}
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
