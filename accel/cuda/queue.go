package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// queue is a stream of the driver. It collects work and hands it to the thread a
// batch at a time: one batch is filled while the thread is at the other, so that a
// launch costs its owner no change of threads.
type queue struct {
	driver *driver
	stream uintptr
	blas   uintptr      // cuBLAS in this stream; 0 for none
	addend []launch.Arg // of a product: see product
	now    *batch       // being filled
	other  *batch       // with the thread, or done
	marks  []*mark
	free   []*mark // those nobody has
	pin    runtime.Pinner

	mu     sync.Mutex
	failed error // of work handed over; not reported yet
}

// flushAt is how much work is collected before the thread gets it, unless a mark
// comes first.
const flushAt = 16

// streamNonBlocking keeps a stream from waiting for the stream of those who name none.
const streamNonBlocking = 1

// NewQueue makes a stream.
func (d *driver) NewQueue() (launch.Queue, error) {
	q := &queue{driver: d}
	if err := d.do(q.make); err != nil {
		return nil, fmt.Errorf("new queue: %w", err)
	}
	return q, nil
}

// make runs on the thread.
func (q *queue) make() (err error) {
	l := q.driver.lib
	if q.stream, err = l.handle("cuStreamCreate", l.streamCreate, streamNonBlocking); err != nil {
		return err
	}
	if b := q.driver.blas; b != nil {
		if q.blas, err = b.handle(l, q.stream); err != nil {
			return errors.Join(err, l.check("cuStreamDestroy_v2", l.streamDestroy.Call(q.stream)))
		}
	}
	l.queues[q] = true
	q.now, q.other = newBatch(q), newBatch(q)
	return nil
}

// Write queues a copy to the device.
func (q *queue) Write(dst launch.Memory, src []float32) error {
	return q.copy(copyToDevice, dst, src)
}

// Read queues a copy from the device.
func (q *queue) Read(dst []float32, src launch.Memory) error {
	return q.copy(copyToHost, src, dst)
}

func (q *queue) copy(what work, device launch.Memory, host []float32) error {
	if len(host) == 0 {
		return q.failure()
	}
	return q.add(command{what: what, device: uintptr(device), host: pointer(&host[0]), bytes: 4 * len(host)})
}

// Launch queues a kernel, or what cuBLAS does in its place.
func (q *queue) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	if len(args) != len(k.Params) {
		return fmt.Errorf("launch %s: %d arguments for %d parameters", k.Name, len(args), len(k.Params))
	}
	if q.blas != 0 && k.Name == multiplier {
		if g, ok := q.driver.blas.params.take(args); ok {
			return q.product(k, groups, args, g)
		}
	}
	return q.kernel(k, groups, args)
}

func (q *queue) kernel(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	function, ok := q.driver.functions[k.Name]
	if !ok {
		return fmt.Errorf("launch %s: the card has no such kernel", k.Name)
	}
	if !q.now.holds(k.Params) {
		q.flush()
	}
	c := command{what: launchKernel, kernel: k, function: function, groups: groups}
	c.host, c.bytes = q.now.pack(k.Params, args)
	return q.add(c)
}

// Mark records an event and hands all work over.
func (q *queue) Mark() (launch.Mark, error) {
	m, err := q.mark()
	if err != nil {
		return nil, err
	}
	if err := q.add(command{what: recordEvent, event: m.event}); err != nil {
		return nil, errors.Join(err, m.Release())
	}
	q.flush()
	return m, nil
}

func (q *queue) add(c command) error {
	if err := q.failure(); err != nil {
		return err
	}
	q.now.commands = append(q.now.commands, c)
	if len(q.now.commands) >= flushAt {
		q.flush()
	}
	return nil
}

// flush hands the collected work over and waits only for the batch before it.
func (q *queue) flush() {
	if len(q.now.commands) == 0 {
		return
	}
	q.now.out = true
	q.driver.thread.work <- q.now.run
	q.now, q.other = q.other, q.now
	q.now.wait()
}

// fail keeps the first error of work handed over.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
}

// halted says that something failed that nobody has heard of: what was queued behind
// it must not run.
func (q *queue) halted() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed != nil
}

// failure returns an error of work handed over, once, or why the card is lost.
func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.failed; err != nil {
		q.failed = nil
		return err
	}
	return q.driver.broken()
}

// Close waits for the work and destroys stream and events. Those of a lost card go
// with its context.
func (q *queue) Close() error {
	q.flush()
	err := q.driver.do(q.destroy)
	err = errors.Join(err, q.driver.thread.do(q.forget))
	if q.driver.broken() != nil {
		return nil
	}
	return errors.Join(q.failure(), err)
}

// forget lets go of the memory that calls were told of.
func (q *queue) forget() error {
	delete(q.driver.lib.queues, q)
	q.pin.Unpin()
	return nil
}

// destroy waits for the stream, and so for the second batch, too.
func (q *queue) destroy() error {
	l := q.driver.lib
	errs := []error{l.check("cuStreamSynchronize", l.streamSynchronize.Call(q.stream))}
	for _, m := range q.marks {
		errs = append(errs, l.check("cuEventDestroy_v2", l.eventDestroy.Call(m.event)))
	}
	if q.blas != 0 {
		errs = append(errs, q.driver.blas.release(q.blas))
	}
	errs = append(errs, l.check("cuStreamDestroy_v2", l.streamDestroy.Call(q.stream)))
	return errors.Join(errs...)
}
