package launch

import (
	"fmt"
	"sync"

	"ttad/accel"
)

// buffer is memory of a caller.
type buffer struct {
	device *Device
	id     int
	floats int
	memory memory
	uses   uses
}

// Floats returns the number of values the buffer holds.
func (b *buffer) Floats() int { return b.floats }

// Free gives the memory back, when the work that was queued on it is done.
func (b *buffer) Free() error {
	if err := b.device.open.Release(b.id); err != nil {
		return err
	}
	b.uses.wait()
	return b.device.free(b.memory)
}

// bufferOf returns a buffer as one of this device that holds n values.
func (d *Device) bufferOf(from accel.Buffer, n int) (*buffer, error) {
	b, ok := from.(*buffer)
	switch {
	case !ok || b.device != d:
		return nil, fmt.Errorf("buffer %T belongs to another device", from)
	case !d.open.Has(b.id):
		return nil, fmt.Errorf("buffer #%d was freed", b.id)
	case b.floats < n:
		return nil, fmt.Errorf("buffer #%d holds %d values, %d wanted", b.id, b.floats, n)
	}
	return b, nil
}

// uses are the last places in streams' queues where something is used.
type uses struct {
	mu   sync.Mutex
	last []use
}

type use struct {
	stream *stream
	place  place
}

// add notes that work queued in s now uses the thing. Streams that are closed since
// are done with it.
func (u *uses) add(s *stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	kept := u.last[:0]
	for _, old := range u.last {
		if old.stream != s && !old.stream.closed.Load() {
			kept = append(kept, old)
		}
	}
	u.last = append(kept, use{s, s.queue.here()})
}

// wait returns when no queue uses the thing any more. What went wrong is the
// streams' to report.
func (u *uses) wait() {
	u.mu.Lock()
	last := u.last
	u.last = nil
	u.mu.Unlock()
	for _, use := range last {
		use.stream.finish(use.place)
	}
}
