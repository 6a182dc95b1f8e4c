package launch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"ttad/accel"
)

// stream is a queue of the driver, with host memory for transfers and, for each exec
// that ran on it, device memory for its values.
type stream struct {
	device *Device
	id     int
	closed atomic.Bool

	mu      sync.Mutex // turns misuse by two owners into waiting
	queue   queue
	staging staging
	frames  map[*exec]*frame
	renewed int64 // the queue's skips that frames know of
}

func (d *Device) newStream(id int) (*stream, error) {
	if err := d.present(); err != nil {
		return nil, err
	}
	q, err := d.driver.NewQueue()
	if err != nil {
		return nil, fmt.Errorf("stream of %s device: %w", d.info.Kind, d.note(err))
	}
	return &stream{
		device: d, id: id, frames: map[*exec]*frame{},
		queue: queue{Queue: q, device: d}, staging: staging{device: d},
	}, nil
}

// usable is the reason why nothing can be queued, if there is one.
func (s *stream) usable() error {
	if s.closed.Load() {
		return fmt.Errorf("%s stream #%d is closed", s.device.info.Kind, s.id)
	}
	return s.device.present()
}

// Upload copies src to memory of the driver, from where it goes to the device.
func (s *stream) Upload(dst accel.Buffer, src []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.buffer(dst, len(src))
	if err == nil {
		err = s.write(b.memory.at, src)
	}
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	b.uses.add(s)
	if err := s.queue.mark(context.Background()); err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	return nil
}

// Run queues the launches of a batch.
func (s *stream) Run(e accel.Exec, rows int, a accel.Args) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.run(e, rows, &a); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

func (s *stream) run(e accel.Exec, rows int, a *accel.Args) error {
	x, ok := e.(*exec)
	if !ok || x.device != s.device {
		return fmt.Errorf("exec %T belongs to another device", e)
	}
	if rows < 1 || rows > x.maxRows {
		return fmt.Errorf("%d rows are outside 1 to %d", rows, x.maxRows)
	}
	if err := s.usable(); err != nil {
		return err
	}
	if err := x.program.CheckArgs(*a); err != nil {
		return err
	}
	if err := s.renew(); err != nil {
		return err
	}
	f, err := x.frameFor(s)
	if err != nil {
		return err
	}
	if err := f.run(rows, a); err != nil {
		return err
	}
	return s.queue.mark(context.Background())
}

// renew has everything that runs rely on sent again, if the driver failed since the last
// run: it may have skipped that.
func (s *stream) renew() error {
	skips := s.queue.skips.Load()
	if skips == s.renewed {
		return nil
	}
	if err := s.settle(s.queue.here()); err != nil {
		return err
	}
	for _, f := range s.frames {
		if err := f.forget(); err != nil {
			return err
		}
	}
	s.renewed = skips
	return nil
}

// launch queues a kernel, unless there is nothing for it to do.
func (s *stream) launch(c *call) error {
	if c.groups[0] == 0 {
		return nil
	}
	s.queue.dirty = true
	s.device.meter.launches.Add(1)
	return s.queue.note(s.queue.Launch(c.kernel, c.groups, c.args))
}

// Download copies the first len(dst) values when a wait behind it ends.
func (s *stream) Download(dst []float32, src accel.Buffer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.buffer(src, len(dst))
	if err == nil {
		err = s.read(b.memory.at, transfer{n: len(dst), dst: dst})
	}
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	b.uses.add(s)
	return nil
}

func (s *stream) buffer(from accel.Buffer, n int) (*buffer, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	return s.device.bufferOf(from, n)
}

// write queues a copy of src to the device.
func (s *stream) write(to Memory, src []float32) error {
	if len(src) == 0 {
		return nil
	}
	host, err := s.piece(len(src))
	if err != nil {
		return err
	}
	copy(host, src)
	s.queue.dirty = true
	s.staging.flying = append(s.staging.flying, transfer{host: host, n: len(src), at: s.queue.here()})
	s.device.meter.up.Add(int64(len(src)) * floatBytes)
	return s.queue.note(s.queue.Write(to, host[:len(src)]))
}

// read queues a transfer from the device.
func (s *stream) read(from Memory, t transfer) error {
	if t.n == 0 {
		return nil
	}
	var err error
	if t.host, err = s.piece(t.n); err != nil {
		return err
	}
	s.queue.dirty = true
	t.at = s.queue.here()
	if err := s.queue.note(s.queue.Read(t.host[:t.n], from)); err != nil {
		t.dst, t.check = nil, nil // nothing will come
		s.staging.flying = append(s.staging.flying, t)
		return err
	}
	s.staging.flying = append(s.staging.flying, t)
	s.device.meter.down.Add(int64(t.n) * floatBytes)
	return nil
}

// piece is host memory for n floats, waiting for older transfers if there are many.
func (s *stream) piece(n int) ([]float32, error) {
	for s.staging.full(n) {
		if err := s.await(context.Background(), s.staging.flying[0].at); err != nil {
			return nil, err
		}
	}
	return s.staging.borrow(n)
}

// await returns when the device has got to a place, and ends the transfers before it.
func (s *stream) await(ctx context.Context, to place) error {
	if to > s.queue.done {
		s.device.meter.syncs.Add(1)
	}
	if err := s.queue.wait(ctx, to); err != nil {
		return err
	}
	s.queue.fail(s.staging.land(s.queue.done))
	return nil
}

// mostRefusals is how often in a row a driver may refuse a mark while memory that its
// queue uses is to be given back.
const mostRefusals = 4

// settle waits for a place so that memory can be given back. A driver tells of work that
// failed when it is asked for the next mark, and that is no reason not to wait.
func (s *stream) settle(to place) error {
	err := s.await(context.Background(), to)
	for range mostRefusals {
		if err == nil || errors.Is(err, accel.ErrLost) {
			break
		}
		s.queue.fail(err)
		err = s.await(context.Background(), to)
	}
	return err
}

// finish waits for a place unless the stream is closed, when it is behind it.
func (s *stream) finish(to place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed.Load() {
		s.queue.fail(s.settle(to))
	}
}

// Sync waits for everything queued, and takes its first error.
func (s *stream) Sync(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(ctx, s.queue.here()); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	err := s.queue.failed
	s.queue.failed = nil
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// reach waits for a place on the owner's behalf.
func (s *stream) reach(ctx context.Context, to place) error {
	if err := s.usable(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.await(ctx, to)
}

// Mark returns the place behind everything queued so far.
func (s *stream) Mark() (accel.Mark, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.usable()
	if err == nil {
		err = s.queue.mark(context.Background())
	}
	if err != nil {
		return nil, fmt.Errorf("mark: %w", err)
	}
	return &mark{s, s.queue.here()}, nil
}

// mark is a place in a stream.
type mark struct {
	stream *stream
	place  place
}

// Wait waits for what was queued before the mark.
func (m *mark) Wait(ctx context.Context) error {
	s := m.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.reach(ctx, m.place)
	if err == nil {
		err = s.queue.failed
	}
	if err != nil {
		return fmt.Errorf("wait for a mark: %w", err)
	}
	return nil
}

// Close waits for what is queued and gives the stream's memory back.
func (s *stream) Close() error {
	if err := s.device.open.Release(s.id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.settle(s.queue.here())
	s.closed.Store(true)
	for e, f := range s.frames {
		e.forget(f)
		delete(s.frames, e)
		err = errors.Join(err, f.free())
	}
	err = errors.Join(err, s.end())
	if err != nil && !errors.Is(err, accel.ErrLost) {
		return fmt.Errorf("close stream: %w", err)
	}
	return nil
}

// end gives back host memory and the queue. What has not arrived by now never will. A
// device that hangs may still write to that memory: it is left to it.
func (s *stream) end() error {
	if s.device.hanging() != nil {
		return nil
	}
	for i := range s.staging.flying {
		s.staging.flying[i].dst, s.staging.flying[i].check = nil, nil
	}
	s.staging.land(s.queue.here())
	return errors.Join(s.staging.close(), s.queue.end())
}
