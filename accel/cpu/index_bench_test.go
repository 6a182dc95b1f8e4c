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
)

// filled returns an index of random keys.
func filled(b testing.TB, threads, dim, keys int) accel.Index {
	d, err := cpu.New(cpu.Config{Threads: threads})
	require.NoError(b, err)
	x, err := d.NewIndex(dim, keys)
	require.NoError(b, err)
	b.Cleanup(func() { x.Close(); require.NoError(b, d.Close()) })
	r, key := rand.New(rand.NewPCG(1, 2)), make([]float32, dim)
	for slot := range keys {
		gaussian(r, key)
		x.Set(slot, key)
	}
	return x
}

// gaussian makes x a direction drawn evenly from all.
func gaussian(r *rand.Rand, x []float32) {
	sum := 0.0
	for i := range x {
		v := r.NormFloat64()
		x[i] = float32(v)
		sum += v * v
	}
	for i := range x {
		x[i] /= float32(math.Sqrt(sum))
	}
}

// BenchmarkSearch reports, beside the time of a search, how many times as long it
// takes as reading the keys once from memory by the same number of workers does.
func BenchmarkSearch(b *testing.B) {
	const dim = 64
	for _, c := range []struct{ keys, queries, k int }{
		{2_000, 64, 10}, {100_000, 1, 10}, {100_000, 64, 10}, {100_000, 64, 180}, {100_000, 256, 10}, {1_000_000, 64, 10},
	} {
		for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprintf("keys=%d/queries=%d/k=%d/threads=%d", c.keys, c.queries, c.k, threads), func(b *testing.B) {
				x := filled(b, threads, dim, c.keys)
				queries := make([]float32, c.queries*dim)
				r := rand.New(rand.NewPCG(3, 4))
				for i := range c.queries {
					gaussian(r, queries[i*dim:(i+1)*dim])
				}
				slots, similarities := make([]int32, c.queries*c.k), make([]float32, c.queries*c.k)
				x.Search(queries, c.queries, c.k, c.keys, slots, similarities) // makes the scratch
				read := reading(threads, 4*dim*c.keys)
				b.ReportAllocs()
				for b.Loop() {
					x.Search(queries, c.queries, c.k, c.keys, slots, similarities)
				}
				rate(b, 2*dim*float64(c.keys)*float64(c.queries))
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/read.Seconds(), "x-read")
				b.ReportMetric(4*dim*float64(c.keys)/read.Seconds()/1e9, "read-GB/s")
			})
		}
	}
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
