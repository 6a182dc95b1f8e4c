package cpu

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/cpu"
)

// A worker's state. It alone parks and begins; the caller of a phase posts, takes
// back what was not begun, and waits for what was.
//
//	idle -> parked                          the worker, when spinning was in vain
//	idle, parked -> posted -> working -> idle
//	posted -> idle                          the caller, when no task is left
//	working -> awaited -> idle              the caller goes to sleep until then
const (
	idle uint32 = iota
	parked
	posted
	working
	awaited
	closing
)

// How long to wait without going to sleep. Phases of one batch follow one another
// within some ten microseconds, and waking a sleeper takes as long.
const shortestSpin, longestSpin = 5 * time.Microsecond, 150 * time.Microsecond

// spinRounds is how many looks, some microseconds in all, lie between two at the
// clock.
const spinRounds = 64

// worker is one of a team's goroutines.
type worker struct {
	_        cpu.CacheLinePad // the caller polls state while others work
	state    atomic.Uint32
	_        cpu.CacheLinePad
	wake     chan struct{} // a parked worker's
	patience patience      // while idle; the worker's own
}

// next waits for a phase and reports whether there is one: false is the end.
func (w *worker) next() bool {
	for {
		w.patience.spin(&w.state, idle)
		if w.state.CompareAndSwap(idle, parked) {
			<-w.wake
		}
		if w.state.CompareAndSwap(posted, working) {
			return true
		}
		if w.state.Load() == closing {
			return false
		}
	}
}

// finish tells the caller, who sleeps if the spinning was in vain.
func (w *worker) finish(done chan<- struct{}) {
	if w.state.Swap(idle) == awaited {
		done <- struct{}{}
	}
}

// post gives the worker something to do, or with closing the last thing.
func (w *worker) post(what uint32) {
	if w.state.Swap(what) == parked {
		w.wake <- struct{}{}
	}
}

// settle returns when the worker is not at work on the phase and will not be: one
// that has not begun, for want of a processor, is not waited for.
func (w *worker) settle(p *patience, done <-chan struct{}) {
	if w.state.CompareAndSwap(posted, idle) {
		return
	}
	p.spin(&w.state, working)
	if w.state.CompareAndSwap(working, awaited) {
		<-done
	}
}

// patience is for how long spinning has been worth it of late. It halves whenever
// it was in vain: on a machine that others keep busy, whoever is waited for may need
// the very processor that is spinning. 0 is never to spin.
type patience time.Duration

// spin returns when the state changed, or when patience ends. Between looks at the
// clock it lets others have the processor who wait for one: another team, above
// all.
func (p *patience) spin(state *atomic.Uint32, from uint32) {
	if *p == 0 {
		return
	}
	for begin := time.Now(); ; runtime.Gosched() {
		for range spinRounds {
			if state.Load() != from {
				*p = min(2**p, patience(longestSpin))
				return
			}
			pause()
		}
		if time.Since(begin) > time.Duration(*p) {
			*p = max(*p/2, patience(shortestSpin))
			return
		}
	}
}
