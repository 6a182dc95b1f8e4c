package cpu

import (
	"context"
	"fmt"
	"sync"

	"ttad/accel"
)

// buffer is ordinary memory.
type buffer struct {
	device *Device
	id     int
	data   []float32
}

// Floats returns the number of values the buffer holds.
func (b *buffer) Floats() int { return len(b.data) }

// Free gives the memory back.
func (b *buffer) Free() error {
	if err := b.device.open.Release(b.id); err != nil {
		return err
	}
	b.data = nil
	return nil
}

// stream does everything at once, on its owner's goroutine, helped by the team.
type stream struct {
	device *Device
	id     int
	mu     sync.Mutex // turns misuse by two owners into waiting
}

// Upload copies src.
func (s *stream) Upload(dst accel.Buffer, src []float32) error {
	b, err := s.memory(dst, len(src))
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	copy(b, src)
	return nil
}

// Download copies the first len(dst) values.
func (s *stream) Download(dst []float32, src accel.Buffer) error {
	b, err := s.memory(src, len(dst))
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	copy(dst, b)
	return nil
}

// memory returns the first n values of a buffer of this device.
func (s *stream) memory(from accel.Buffer, n int) ([]float32, error) {
	b, ok := from.(*buffer)
	switch {
	case !s.device.open.Has(s.id):
		return nil, fmt.Errorf("cpu stream #%d is closed", s.id)
	case !ok || b.device != s.device:
		return nil, fmt.Errorf("buffer %T belongs to another device", from)
	case !s.device.open.Has(b.id):
		return nil, fmt.Errorf("buffer #%d was freed", b.id)
	case len(b.data) < n:
		return nil, fmt.Errorf("buffer #%d holds %d values, %d wanted", b.id, len(b.data), n)
	}
	return b.data[:n], nil
}

// Run computes the outputs before it returns, and returns its own errors.
func (s *stream) Run(e accel.Exec, rows int, a accel.Args) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := e.(*exec)
	if !ok || x.device != s.device {
		return fmt.Errorf("run: exec %T belongs to another device", e)
	}
	if rows < 1 || rows > x.maxRows {
		return fmt.Errorf("run: %d rows are outside 1 to %d", rows, x.maxRows)
	}
	x.running.RLock()
	defer x.running.RUnlock()
	f, err := s.device.frame(s, x)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return f.run(s, rows, a)
}

// Sync has nothing to wait for.
func (s *stream) Sync(ctx context.Context) error {
	if !s.device.open.Has(s.id) {
		return fmt.Errorf("sync: cpu stream #%d is closed", s.id)
	}
	return ctx.Err()
}

// Close gives back the stream's scratch.
func (s *stream) Close() error { return s.device.release(s.id) }
