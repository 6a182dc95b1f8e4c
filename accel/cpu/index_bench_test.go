package cpu_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/plain"
)

// opened returns an empty index of a device with so many workers.
func opened(b *testing.B, threads, dim, keys int) accel.Index {
	d, err := cpu.New(cpu.Config{Threads: threads})
	require.NoError(b, err)
	x, err := d.NewIndex(dim, keys)
	require.NoError(b, err)
	b.Cleanup(func() { x.Close(); require.NoError(b, d.Close()) })
	return x
}

// fill sets random keys.
func fill(x accel.Index, dim, keys int, spread float64) {
	r, key := rand.New(rand.NewPCG(1, 2)), make([]float32, dim)
	for slot := range keys {
		gaussian(r, key, spread)
		x.Set(slot, key)
	}
}

// gaussian makes x a direction drawn evenly from all, or, for a spread below 1, from
// those about as far from the first axis.
func gaussian(r *rand.Rand, x []float32, spread float64) {
	sum := 0.0
	for i := range x {
		v := spread * r.NormFloat64()
		if i == 0 {
			v += 1 - spread
		}
		x[i] = float32(v)
		sum += v * v
	}
	for i := range x {
		x[i] /= float32(math.Sqrt(sum))
	}
}

// searches of one kind, in keys whose directions are this far spread.
type searches struct {
	keys, queries, k int
	spread           float64
}

// BenchmarkSearch reports the shortest time of a search, and how many times as long
// that is as reading the keys once from memory takes the same number of workers:
// shortest against shortest, so that it can be compared on a busy machine. Beside
// the small ones stands the oracle, which sorts every key; what loops without
// sorting take is in errmem's BenchmarkExact.
func BenchmarkSearch(b *testing.B) {
	const dim = 64
	for _, s := range []searches{
		{2_000, 64, 10, 1}, {10_000, 64, 10, 1}, {100_000, 1, 10, 1}, {100_000, 64, 10, 1}, {100_000, 64, 10, 1e-3}, {100_000, 64, 180, 1},
		{100_000, 256, 10, 1}, {1_000_000, 64, 10, 1},
	} {
		name := fmt.Sprintf("keys=%d/queries=%d/k=%d/spread=%g/", s.keys, s.queries, s.k, s.spread)
		for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprint(name, "threads=", threads), func(b *testing.B) { s.measure(b, opened(b, threads, dim, s.keys), threads, dim) })
		}
		if s.keys <= 10_000 {
			b.Run(name+"oracle", func(b *testing.B) { s.measure(b, plain.NewIndex(dim, s.keys), 1, dim) })
		}
	}
}

func (s searches) measure(b *testing.B, x accel.Index, threads, dim int) {
	fill(x, dim, s.keys, s.spread)
	queries := make([]float32, s.queries*dim)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range s.queries {
		gaussian(r, queries[i*dim:(i+1)*dim], s.spread)
	}
	slots, similarities := make([]int32, s.queries*s.k), make([]float32, s.queries*s.k)
	x.Search(queries, s.queries, s.k, s.keys, slots, similarities) // makes the scratch
	read := reading(threads, 4*dim*s.keys)
	b.ReportAllocs()
	shortest := time.Hour
	for b.Loop() {
		began := time.Now()
		x.Search(queries, s.queries, s.k, s.keys, slots, similarities)
		shortest = min(shortest, time.Since(began))
	}
	b.ReportMetric(1e3*shortest.Seconds(), "shortest-ms")
	b.ReportMetric(shortest.Seconds()/read.Seconds(), "x-read")
	b.ReportMetric(4*float64(dim*s.keys)/read.Seconds()/1e9, "read-GB/s")
}

// reading is the shortest time in which so many workers read so many bytes between
// them, looking for one that is not there. Each time they are other bytes, so that
// they come from memory rather than from a cache that holds them still.
func reading(workers, size int) time.Duration {
	memory := bytes.Repeat([]byte{1}, max(size, 512<<20))
	shortest := time.Hour
	for from := 0; from+size <= len(memory); from += size {
		var all sync.WaitGroup
		began := time.Now()
		for w := range workers {
			part := memory[from+w*size/workers : from+(w+1)*size/workers]
			all.Go(func() {
				if bytes.IndexByte(part, 2) >= 0 {
					panic("found what is not there")
				}
			})
		}
		all.Wait()
		shortest = min(shortest, time.Since(began))
	}
	return shortest
}
