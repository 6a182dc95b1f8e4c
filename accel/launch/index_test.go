package launch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/accel/ptx"
)

// A device may go at any call of a search: what was set is still there, whether the
// device had it or not, and the same is found.
func TestAnIndexOutlivesItsDevice(t *testing.T) {
	const dim, capacity, k = 3, 40, 5
	for _, call := range []string{"alloc", "write", "launch", "read", "mark", "done"} {
		for works := range 4 {
			t.Run(fmt.Sprintf("%s after %d", call, works), func(t *testing.T) {
				r := newRig(t, ptx.Options{})
				d := r.device(t)
				made, err := d.NewIndex(dim, capacity)
				require.NoError(t, err)
				defer made.Close()
				x, oracle := made.(accel.Seeker), plain.NewIndex(dim, capacity)
				set := func(slot int) {
					key := []float32{float32(slot % 5), float32(slot % 7), 1}
					x.Set(slot, key)
					oracle.Set(slot, key)
				}
				for slot := range capacity / 2 {
					set(slot)
				}
				queries := []float32{1, 0, 0, 0, 1, -1}
				sameFound(t, x, oracle, queries, k, capacity/2)
				require.NoError(t, x.Lost())
				r.lostIn[call] = works
				for slot := range capacity {
					set(capacity - 1 - slot)
					sameFound(t, x, oracle, queries, k, capacity)
				}
				if call != "alloc" { // memory is kept from search to search
					require.ErrorIs(t, x.Lost(), accel.ErrLost)
				}
				key, want := make([]float32, dim), make([]float32, dim)
				for slot := range capacity {
					x.Key(slot, key)
					oracle.Key(slot, want)
					require.Equal(t, want, key)
				}
			})
		}
	}
}

func sameFound(t *testing.T, x, oracle accel.Index, queries []float32, k, live int) {
	t.Helper()
	n := len(queries) / 3
	got, want := make([]int32, n*k), make([]int32, n*k)
	gotSims, wantSims := make([]float32, n*k), make([]float32, n*k)
	x.Search(queries, n, k, live, got, gotSims)
	oracle.Search(queries, n, k, live, want, wantSims)
	require.Equal(t, want, got)
	require.Equal(t, wantSims, gotSims)
}

// What cannot be had is told when the index is made, and nothing is left of it.
func TestAnIndexThatDoesNotFitIsRefused(t *testing.T) {
	r := newRig(t, ptx.Options{})
	r.limit = 1000
	d := r.device(t)
	_, err := d.NewIndex(10, 26)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	require.ErrorContains(t, err, "index of 26 keys of 10 values")
	x, err := d.NewIndex(10, 25)
	require.NoError(t, err)
	x.Close()
}

// Keys are sent again only where they were set since, a search of a few thousand keys
// takes three launches more, and queries of the host none.
func TestASearchLaunchesWhatItMust(t *testing.T) {
	r := newRig(t, ptx.Options{})
	x, err := r.device(t).NewIndex(3, 40)
	require.NoError(t, err)
	defer x.Close()
	search := func() []string {
		r.launched = nil
		x.Search([]float32{1, 0, 0}, 1, 2, 40, make([]int32, 2), make([]float32, 2))
		return r.launched
	}
	x.Set(3, []float32{1, 1, 1})
	require.Equal(t, []string{"search_prepare", "search_scores", "search_best", "search_merge"}, search())
	require.Equal(t, []string{"search_scores", "search_best", "search_merge"}, search())
}
