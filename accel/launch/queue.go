package launch

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"ttad/accel"
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

// patience is how long a device may get nowhere before it is taken to hang. There is a
// mark behind every run, and a card takes far less for one; what takes longer is of no
// use for a stream of messages anyway. Drivers of slower devices say so (see Limits).
const patience = 30 * time.Second

// queue is a driver's queue with its marks.
type queue struct {
	Queue
	device *Device
	dirty  bool  // something was queued behind the last mark
	last   place // the last mark's
	done   place // the last one known to be done
	marks  []Mark
	failed error // the first error of queued work, until somebody takes it
	// skips counts the driver's errors: after one, what was queued before it may not
	// have been done, and what is resident because of it has to be sent again.
	skips atomic.Int64
	timer *time.Timer
}

// here is the place that what was queued so far is done at.
func (q *queue) here() place {
	if q.dirty {
		return q.last + 1
	}
	return q.last
}

// note remembers what an error of the driver means for the device and for the queue.
func (q *queue) note(err error) error {
	if err != nil {
		q.skips.Add(1)
	}
	return q.device.note(err)
}

// mark sets a mark behind what was queued so far, so that the device begins with it.
// Where there are many it waits for the first, or for the end of the context.
func (q *queue) mark(ctx context.Context) error {
	if !q.dirty {
		return nil
	}
	if len(q.marks) == maxMarks {
		q.device.meter.syncs.Add(1)
		if err := q.wait(ctx, q.done+1); err != nil {
			return err
		}
	}
	m, err := q.Mark()
	if err != nil {
		return q.note(err)
	}
	q.marks = append(q.marks, m)
	q.last++
	q.dirty = false
	return nil
}

// wait returns when the device has got to a place, which is here at most, or the
// context ends. Errors of the work done before go to failed. A device that gets nowhere
// for long is given up: it is lost, and whoever waits for it hears of that at once.
func (q *queue) wait(ctx context.Context, to place) error {
	if err := q.device.hanging(); err != nil && q.done < to {
		return err
	}
	if to > q.last {
		if err := q.mark(ctx); err != nil {
			return err
		}
	}
	since := time.Now()
	for turn := 0; q.done < to; turn++ {
		done, err := q.marks[0].Done()
		if err == nil && !done {
			if err := q.pause(ctx, turn); err != nil {
				return err
			}
			if err := q.device.moves(since); err != nil {
				return err
			}
			continue
		}
		q.device.moved()
		q.fail(q.note(err))
		q.pop()
		turn = -1
	}
	return nil
}

// pop forgets the first mark, which is done.
func (q *queue) pop() {
	q.fail(q.note(q.marks[0].Release()))
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

// moved notes that the device has got somewhere, in whatever queue.
func (d *Device) moved() { d.progress.Store(time.Now().UnixNano()) }

// moves is an error, of a lost device, where it has got nowhere since a time and for
// longer than it may.
func (d *Device) moves(since time.Time) error {
	if last := time.Unix(0, d.progress.Load()); last.After(since) {
		since = last
	}
	limit := d.limits.Patience
	if limit == 0 {
		limit = patience
	}
	if time.Since(since) < limit {
		return d.hanging()
	}
	err := d.note(fmt.Errorf("%s has finished nothing for %v: it hangs: %w", d.info.Name, limit, accel.ErrLost))
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hung == nil {
		d.hung = err
	}
	return d.hung
}

// hanging is the error of a device that was given up while it was at work; nil is none.
// Its driver is not called any more: calls may wait for that work, and what it writes to
// must stay.
func (d *Device) hanging() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hung
}

// end forgets all marks and closes the queue.
func (q *queue) end() error {
	for len(q.marks) > 0 {
		q.pop()
	}
	return q.note(q.Close())
}
