package ptx

import (
	"errors"
	"fmt"
	"math"

	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// queue holds work until somebody asks whether it is done. It has one owner.
type queue struct {
	driver *Driver
	work   []func() error
	done   int // of all work ever queued
	queued int
	err    error // of the work that failed; nothing after it is done
	closed bool
}

func (q *queue) add(work func() error) error {
	if q.closed {
		return errors.New("queueing work: the queue is closed")
	}
	if err := q.driver.failed(); err != nil {
		return err
	}
	q.work = append(q.work, work)
	q.queued++
	return nil
}

// Write copies src when the queue gets there, and notices when it was changed.
func (q *queue) Write(dst launch.Memory, src []float32) error {
	if err := q.driver.hosts(src); err != nil {
		return fmt.Errorf("queueing a write: %w", err)
	}
	before := digest(src)
	return q.add(func() error {
		if digest(src) != before {
			return errors.New("write: the host memory was changed before its mark was done")
		}
		return q.driver.machine.Write(uint64(dst), src)
	})
}

// Read spoils dst at once and fills it when the queue gets there.
func (q *queue) Read(dst []float32, src launch.Memory) error {
	if err := q.driver.hosts(dst); err != nil {
		return fmt.Errorf("queueing a read: %w", err)
	}
	spoil(dst)
	return q.add(func() error { return q.driver.machine.Read(dst, uint64(src)) })
}

// Launch checks the arguments at once, as a card's driver does.
func (q *queue) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	kernel := q.driver.module.Kernel(k.Name)
	if kernel == nil {
		return fmt.Errorf("launching %s: there is no such kernel in the module: run make ptx", k.Name)
	}
	if len(args) != len(k.Params) {
		return fmt.Errorf("launching %s: %d arguments, want %d", k.Name, len(args), len(k.Params))
	}
	params := make([]uint64, len(args))
	for i, a := range args {
		params[i] = raw(k.Params[i].Type, a)
	}
	if err := checkLaunch(kernel, groups, k.Local, params); err != nil {
		return fmt.Errorf("launching %s: %w", k.Name, err)
	}
	return q.add(func() error { return q.driver.machine.Launch(kernel, groups, k.Local, params) })
}

// raw is an argument as a kernel gets it.
func raw(t kernels.Type, a launch.Arg) uint64 {
	switch t {
	case kernels.Int:
		return uint64(uint32(a.Int))
	case kernels.Float:
		return uint64(math.Float32bits(a.Float))
	default:
		return uint64(a.Memory)
	}
}

// digest is a sum of host memory's bits: FNV-1a, a float at a time.
func digest(host []float32) uint64 {
	sum := uint64(14695981039346656037)
	for _, v := range host {
		sum = (sum ^ uint64(math.Float32bits(v))) * 1099511628211
	}
	return sum
}

// run does everything up to the work of a number.
func (q *queue) run(until int) error {
	for q.done < until && q.err == nil {
		work := q.work[0]
		q.work = q.work[1:]
		q.done++
		if err := work(); err != nil {
			q.err = q.driver.lose(err)
		}
	}
	return q.err
}

// Mark returns a mark that does the work before it when it is asked a second time.
func (q *queue) Mark() (launch.Mark, error) {
	if q.closed {
		return nil, errors.New("setting a mark: the queue is closed")
	}
	if err := q.driver.failed(); err != nil {
		return nil, err
	}
	return &place{queue: q, at: q.queued}, nil
}

// Close refuses while there is work.
func (q *queue) Close() error {
	if q.closed {
		return errors.New("closing a queue: it is closed")
	}
	if len(q.work) > 0 && q.err == nil {
		return fmt.Errorf("closing a queue: %d pieces of work are not done", len(q.work))
	}
	q.closed = true
	q.driver.mu.Lock()
	defer q.driver.mu.Unlock()
	q.driver.queues--
	return nil
}

// place is a mark of a queue.
type place struct {
	queue *queue
	at    int
	asked bool
}

// Done is false once, so that whoever waits has to.
func (p *place) Done() (bool, error) {
	if !p.asked && p.queue.err == nil && p.queue.done < p.at {
		p.asked = true
		return false, nil
	}
	err := p.queue.run(p.at)
	return true, err
}

// Release forgets the mark.
func (p *place) Release() error { return nil }
