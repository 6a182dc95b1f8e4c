package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// until yields until a worker is in a state.
func until(w *worker, state uint32) {
	for w.state.Load() != state {
		runtime.Gosched()
	}
}

func TestASleepingWorkerIsWoken(t *testing.T) {
	for _, p := range []patience{0, patience(longestSpin)} {
		w, begun := &worker{wake: make(chan struct{}, 1), patience: p}, make(chan bool)
		go func() { begun <- w.next() }()
		until(w, parked)
		w.post(posted)
		require.True(t, <-begun)
		require.Equal(t, working, w.state.Load())
	}
}

// A worker without a processor must not hold up those who have one.
func TestAWorkerThatHasNotBegunIsNotWaitedFor(t *testing.T) {
	w := &worker{wake: make(chan struct{}, 1), patience: patience(longestSpin)}
	w.post(posted)
	w.settle(new(patience), nil)
	assert.Equal(t, idle, w.state.Load())
}

func TestACallerSleepsUntilTheWorkIsDone(t *testing.T) {
	p := patience(longestSpin)
	w, done, back := &worker{}, make(chan struct{}, 1), make(chan struct{})
	w.state.Store(working)
	go func() { w.settle(&p, done); close(back) }()
	until(w, awaited)
	w.finish(done)
	<-back
	assert.Equal(t, idle, w.state.Load())
}

func TestSpinningInVainMakesTheNextSpinShorter(t *testing.T) {
	var state atomic.Uint32
	p := patience(longestSpin)
	p.spin(&state, idle)
	assert.Equal(t, patience(longestSpin/2), p)
	for range 10 {
		p.spin(&state, idle)
	}
	assert.Equal(t, patience(shortestSpin), p)
	state.Store(posted)
	for range 10 {
		p.spin(&state, idle)
	}
	assert.Equal(t, patience(longestSpin), p)

	p = 0
	p.spin(&state, posted)
	assert.Zero(t, p, "who is never to spin never does")
}

// Teams larger and smaller than the machine, all at work at the same time: every
// task is done once and nobody is left behind.
func TestTeamsOfOneProcessDoNotStarveOneAnother(t *testing.T) {
	defer goleak.VerifyNone(t)
	var callers sync.WaitGroup
	for _, threads := range []int{2, 2, 5} {
		callers.Go(func() {
			team := newTeam(threads)
			defer team.close()
			for range 500 {
				var done [40]atomic.Int32
				team.run(jobOf(func(_, i int) { done[i].Add(1) }), nil, len(done), smallPhase)
				for i := range done {
					assert.EqualValues(t, 1, done[i].Load())
				}
			}
		})
	}
	callers.Wait()
}

// BenchmarkTeam is the time of phases that follow one another, by the size of
// their tasks; with a neighbour, another team's phases never end.
func BenchmarkTeam(b *testing.B) {
	for _, steps := range []int{1000, 10000} {
		for _, neighbours := range []int{0, 1} {
			b.Run(fmt.Sprintf("tasks of %d steps/neighbours=%d", steps, neighbours), func(b *testing.B) {
				var stop atomic.Bool
				var gone sync.WaitGroup
				for range neighbours {
					gone.Go(func() {
						other := newTeam(runtime.GOMAXPROCS(0))
						defer other.close()
						for !stop.Load() {
							other.run(chain(10000), nil, 16, smallPhase)
						}
					})
				}
				team := newTeam(runtime.GOMAXPROCS(0))
				for b.Loop() {
					team.run(chain(steps), nil, 16, smallPhase)
				}
				team.close()
				stop.Store(true)
				gone.Wait()
			})
		}
	}
}

// chain is a phase of tasks of so many steps that wait for one another.
type chain int

func (c chain) task(_ *frame, _, i int) {
	x := float32(i)
	for range int(c) {
		x = x*0.5 + 1
	}
	if x > 3 {
		panic("the fixed point is 2")
	}
}
