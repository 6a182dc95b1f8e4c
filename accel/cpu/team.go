package cpu

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// phase is work that divides into independent tasks.
type phase interface {
	// task does task i. No two calls at the same time have the same worker.
	task(f *frame, worker, i int)
}

// smallPhase is the number of elementary operations below which work is not worth
// sharing: some hundred nanoseconds of products. To ask a worker that spins takes 130,
// whether it comes or not; to wake one that sleeps takes microseconds.
const smallPhase = 1 << 16

// team is the device's workers. They live from New to Close; between phases they
// spin for a moment and then sleep. The goroutine that asks for a phase works too,
// as worker 0.
type team struct {
	mu       sync.Mutex // held while a phase has the workers
	job      job
	helpers  []worker
	patience patience       // of the caller, held with mu
	done     chan struct{}  // wakes the caller
	gone     sync.WaitGroup // workers that have not returned
}

type job struct {
	phase phase
	frame *frame
	tasks int
	next  atomic.Int64

	failing sync.Mutex
	failure error // the first task's that panicked
}

// newTeam starts threads-1 workers. More of them than may run at once would take
// processors from those at work by spinning, and sleep instead.
func newTeam(threads int) *team {
	t := &team{helpers: make([]worker, threads-1), done: make(chan struct{}, 1)}
	if threads <= runtime.GOMAXPROCS(0) {
		t.patience = patience(longestSpin)
	}
	for i := range t.helpers {
		w := &t.helpers[i]
		w.wake, w.patience = make(chan struct{}, 1), t.patience
		t.gone.Go(func() { t.work(i) })
	}
	return t
}

func (t *team) work(i int) {
	for w := &t.helpers[i]; w.next(); w.finish(t.done) {
		t.job.drain(i + 1)
	}
}

// drain takes tasks until none are left. A task that panics ends the phase: on a
// worker's goroutine nobody could recover it, and the caller must not leave while
// workers still use its frame.
func (j *job) drain(worker int) {
	defer func() {
		if v := recover(); v != nil {
			j.fail(panicked(v))
		}
	}()
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.tasks {
			return
		}
		j.phase.task(j.frame, worker, i)
	}
}

func (j *job) fail(err error) {
	j.failing.Lock()
	defer j.failing.Unlock()
	if j.failure == nil {
		j.failure = err
	}
	j.next.Store(int64(j.tasks)) // nothing more to take
}

// panicked says where a recovered panic came from, for the stack it is raised on
// again is another one.
func panicked(v any) error {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		at, more := frames.Next()
		if !strings.HasPrefix(at.Function, "runtime.") {
			return fmt.Errorf("%v (%s, %s:%d)", v, at.Function, filepath.Base(at.File), at.Line)
		}
		if !more {
			return fmt.Errorf("%v", v)
		}
	}
}

// run does all tasks and returns when they are done, or panics once none is at
// work any more when one of them did. When the workers are busy
// with another stream's phase, or the work is too small to share, the caller
// does everything itself.
func (t *team) run(p phase, f *frame, tasks, cost int) {
	if tasks < 2 || cost < smallPhase || len(t.helpers) == 0 || !t.mu.TryLock() {
		for i := range tasks {
			p.task(f, 0, i)
		}
		return
	}
	defer t.mu.Unlock()
	t.job.phase, t.job.frame, t.job.tasks = p, f, tasks
	t.job.next.Store(0)
	helpers := t.helpers[:min(len(t.helpers), tasks-1)]
	for i := range helpers {
		helpers[i].post(posted)
	}
	t.job.drain(0)
	for i := range helpers {
		helpers[i].settle(&t.patience, t.done)
	}
	// The next phase may be long in coming: do not keep the frame alive for it.
	err := t.job.failure
	t.job.phase, t.job.frame, t.job.failure = nil, nil, nil
	if err != nil {
		panic(err)
	}
}

// close lets the workers return and waits for them.
func (t *team) close() {
	for i := range t.helpers {
		t.helpers[i].post(closing)
	}
	t.gone.Wait()
}
