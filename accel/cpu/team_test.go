package cpu

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// jobOf is a phase made of a function.
type jobOf func(worker, i int)

func (f jobOf) task(_ *frame, worker, i int) { f(worker, i) }

// mustPanic returns what f panics with.
func mustPanic(t *testing.T, f func()) (v any) {
	t.Helper()
	defer func() { v = recover() }()
	f()
	t.Fatal("no panic")
	return nil
}

func TestAPanicInAWorkerReachesTheCaller(t *testing.T) {
	tests := []struct {
		name string
		of   func(worker int) bool
	}{
		{"in a helper", func(worker int) bool { return worker > 0 }},
		{"in the caller", func(worker int) bool { return worker == 0 }},
		{"in all of them", func(int) bool { return true }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			team := newTeam(4)
			defer team.close()
			// Tasks wait for one another, so that every worker has exactly one.
			var here atomic.Int32
			all := make(chan struct{})
			var atWork atomic.Int32
			v := mustPanic(t, func() {
				team.run(jobOf(func(worker, i int) {
					atWork.Add(1)
					defer atWork.Add(-1)
					if here.Add(1) == 4 {
						close(all)
					}
					<-all
					if tt.of(worker) {
						var none []int
						_ = none[i]
					}
				}), nil, 4, smallPhase)
			})
			require.Implements(t, (*error)(nil), v)
			assert.Contains(t, fmt.Sprint(v), "index out of range")
			assert.Contains(t, fmt.Sprint(v), "team_test.go:")
			assert.Zero(t, atWork.Load(), "nobody uses the frame any more")

			var done atomic.Int32
			team.run(jobOf(func(int, int) { done.Add(1) }), nil, 100, smallPhase)
			assert.EqualValues(t, 100, done.Load(), "the next phase is none the worse")
		})
	}
}

// What Go may run at a time is the cores, or less where a cgroup limits the process.
func TestADeviceHasAsManyWorkersAsMayRunAtATime(t *testing.T) {
	before := runtime.GOMAXPROCS(3)
	defer runtime.GOMAXPROCS(before)
	d, err := New(Config{})
	require.NoError(t, err)
	assert.Equal(t, 3, d.Info().Threads)
	require.NoError(t, d.Close())
}

func TestMoreWorkersThanMayRunAtATimeDoNotSpin(t *testing.T) {
	before := runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(before)
	for threads, want := range map[int]patience{2: patience(longestSpin), 3: 0} {
		team := newTeam(threads)
		assert.Equal(t, want, team.patience, "%d workers", threads)
		team.close()
	}
}
