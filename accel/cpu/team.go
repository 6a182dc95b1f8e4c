package cpu

import (
	"sync"
	"sync/atomic"
)

// phase is work that divides into independent tasks.
type phase interface {
	// task does task i. No two calls at the same time have the same worker.
	task(f *frame, worker, i int)
}

// smallPhase is the number of elementary operations below which waking the
// workers takes longer than the work.
const smallPhase = 1 << 15

// team is the device's workers. They live from New to Close and sleep between
// phases. The goroutine that asks for a phase works too, as worker 0.
type team struct {
	mu   sync.Mutex // held while a phase has the workers
	job  job
	wake []chan struct{}
	busy sync.WaitGroup // workers that have not finished the phase
	gone sync.WaitGroup // workers that have not returned
}

type job struct {
	phase phase
	frame *frame
	tasks int
	next  atomic.Int64
}

// newTeam starts threads-1 workers.
func newTeam(threads int) *team {
	t := &team{wake: make([]chan struct{}, threads-1)}
	for i := range t.wake {
		t.wake[i] = make(chan struct{}, 1)
		t.gone.Go(func() { t.work(i) })
	}
	return t
}

func (t *team) work(i int) {
	for range t.wake[i] {
		t.job.drain(i + 1)
		t.busy.Done()
	}
}

// drain takes tasks until none are left.
func (j *job) drain(worker int) {
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.tasks {
			return
		}
		j.phase.task(j.frame, worker, i)
	}
}

// run does all tasks and returns when they are done. When the workers are busy
// with another stream's phase, or the work is too small to share, the caller
// does everything itself.
func (t *team) run(p phase, f *frame, tasks, cost int) {
	if tasks < 2 || cost < smallPhase || len(t.wake) == 0 || !t.mu.TryLock() {
		for i := range tasks {
			p.task(f, 0, i)
		}
		return
	}
	defer t.mu.Unlock()
	t.job.phase, t.job.frame, t.job.tasks = p, f, tasks
	t.job.next.Store(0)
	helpers := t.wake[:min(len(t.wake), tasks-1)]
	t.busy.Add(len(helpers))
	for _, w := range helpers {
		w <- struct{}{}
	}
	t.job.drain(0)
	t.busy.Wait()
	// The next phase may be long in coming: do not keep the frame alive for it.
	t.job.phase, t.job.frame = nil, nil
}

// close lets the workers return and waits for them.
func (t *team) close() {
	for _, w := range t.wake {
		close(w)
	}
	t.gone.Wait()
}
