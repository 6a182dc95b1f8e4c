package cuda

import "runtime"

// thread is a goroutine locked to its OS thread. It makes all calls of the driver
// library, one after the other, in the order in which they were handed over.
type thread struct {
	work chan func()
	gone chan struct{}
	// lib is kept for as long as the thread is there: memory that was pinned for it must
	// not be lost before it is given back.
	lib *library
}

// handed is how much work may wait for the thread before others wait for room.
const handed = 16

func startThread() *thread {
	t := &thread{work: make(chan func(), handed), gone: make(chan struct{})}
	go t.run()
	return t
}

// run ends without unlocking, so that the OS thread ends with it, and whatever the
// library left there.
func (t *thread) run() {
	runtime.LockOSThread()
	defer func() { close(t.gone) }() // which also keeps t
	for f := range t.work {
		f()
	}
}

// do has the thread call f and waits for it.
func (t *thread) do(f func() error) error {
	result := make(chan error, 1)
	t.work <- func() { result <- f() }
	return <-result
}

// stop ends the thread after the work handed over.
func (t *thread) stop() {
	close(t.work)
	<-t.gone
}
