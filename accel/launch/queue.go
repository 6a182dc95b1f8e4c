package launch

import (
	"context"
	"runtime"
	"time"
)

// place numbers the marks of a queue: work is done when the mark of its place is.
type place uint64

// maxMarks bounds how far a stream's owner may be ahead of the device.
const maxMarks = 64

// A wait first gives way to other goroutines, then sleeps, longer and longer: what is
// waited for takes microseconds or many milliseconds.
const (
	politeTurns   = 16
	shortestPause = 20 * time.Microsecond
	longestPause  = 500 * time.Microsecond
)

// queue is a driver's queue with its marks.
type queue struct {
	Queue
	device *Device
	dirty  bool  // something was queued behind the last mark
	last   place // the last mark's
	done   place // the last one known to be done
	marks  []Mark
	failed error // the first error of queued work, until somebody takes it
	timer  *time.Timer
}

// here is the place that what was queued so far is done at.
func (q *queue) here() place {
	if q.dirty {
		return q.last + 1
	}
	return q.last
}

// mark sets a mark behind what was queued so far, so that the device begins with it.
func (q *queue) mark() error {
	if !q.dirty {
		return nil
	}
	if len(q.marks) == maxMarks {
		q.device.meter.syncs.Add(1)
		if err := q.wait(context.Background(), q.done+1); err != nil {
			return err
		}
	}
	m, err := q.Mark()
	if err != nil {
		return q.device.note(err)
	}
	q.marks = append(q.marks, m)
	q.last++
	q.dirty = false
	return nil
}

// wait returns when the device has got to a place, which is here at most, or the
// context ends. Errors of the work done before go to failed.
func (q *queue) wait(ctx context.Context, to place) error {
	if to > q.last {
		if err := q.mark(); err != nil {
			return err
		}
	}
	for turn := 0; q.done < to; turn++ {
		done, err := q.marks[0].Done()
		if err == nil && !done {
			if err := q.pause(ctx, turn); err != nil {
				return err
			}
			continue
		}
		q.fail(q.device.note(err))
		q.pop()
		turn = -1
	}
	return nil
}

// pop forgets the first mark, which is done.
func (q *queue) pop() {
	q.fail(q.device.note(q.marks[0].Release()))
	q.marks = append(q.marks[:0], q.marks[1:]...)
	q.done++
}

func (q *queue) fail(err error) {
	if q.failed == nil {
		q.failed = err
	}
}

// pause lets a moment pass, or returns the context's error when that ends first.
func (q *queue) pause(ctx context.Context, turn int) error {
	if turn < politeTurns {
		runtime.Gosched()
		return ctx.Err()
	}
	length := min(shortestPause<<min(turn-politeTurns, 10), longestPause)
	if q.timer == nil {
		q.timer = time.NewTimer(length)
	} else {
		q.timer.Reset(length)
	}
	select {
	case <-ctx.Done():
		q.timer.Stop()
		return ctx.Err()
	case <-q.timer.C:
		return nil
	}
}

// end forgets all marks and closes the queue.
func (q *queue) end() error {
	for len(q.marks) > 0 {
		q.pop()
	}
	return q.device.note(q.Close())
}
