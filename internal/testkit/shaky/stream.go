package shaky

import (
	"context"
	"errors"
	"slices"

	"ttad/accel"
)

// stream does everything at once, as the processor's.
type stream struct {
	accel.Stream
	device  *Device
	trouble *Trouble // of the last run
}

// Run does the work, whatever will be told of it.
func (s *stream) Run(e accel.Exec, rows int, a accel.Args) error {
	s.device.runs.Add(1)
	s.trouble = s.device.trouble.Load()
	if s.trouble != nil && s.trouble.Panic != "" {
		panic(s.trouble.Panic)
	}
	return s.Stream.Run(e, rows, a)
}

// Download brings home what the trouble leaves of a result.
func (s *stream) Download(dst []float32, src accel.Buffer) error {
	err := s.Stream.Download(dst, src)
	if s.trouble != nil {
		for i := range dst {
			dst[i] += s.trouble.Add
		}
	}
	return err
}

// Sync tells of the trouble.
func (s *stream) Sync(ctx context.Context) error {
	err := errors.Join(s.trouble.hold(ctx), s.Stream.Sync(ctx))
	if s.trouble != nil {
		err = errors.Join(err, s.trouble.Err)
	}
	return err
}

// late is a stream that does nothing before somebody waits. It is an accel.Marker.
type late struct {
	*stream
	queue  []func() error
	done   int   // of the queue
	failed error // the first since the last Sync
}

// Upload copies src now and the rest later.
func (s *late) Upload(dst accel.Buffer, src []float32) error {
	src = slices.Clone(src)
	return s.later(func() error { return s.stream.Upload(dst, src) })
}

// Run reads the rules now and does the work later.
func (s *late) Run(e accel.Exec, rows int, a accel.Args) error {
	a.Inputs, a.Outputs, a.Norms = slices.Clone(a.Inputs), slices.Clone(a.Outputs), slices.Clone(a.Norms)
	return s.later(func() error {
		return errors.Join(s.stream.Run(e, rows, a), s.stream.Sync(context.Background()))
	})
}

// Download leaves rubbish where results will be.
func (s *late) Download(dst []float32, src accel.Buffer) error {
	for i := range dst {
		dst[i] = -12345
	}
	return s.later(func() error { return s.stream.Download(dst, src) })
}

func (s *late) later(work func() error) error {
	s.queue = append(s.queue, work)
	return nil
}

// reach does the work before a place in the queue.
func (s *late) reach(ctx context.Context, place int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for s.done < place {
		if err := s.device.trouble.Load().hold(ctx); err != nil {
			return err
		}
		work := s.queue[s.done]
		s.queue[s.done], s.done = nil, s.done+1
		if err := work(); s.failed == nil {
			s.failed = err
		}
	}
	return s.failed
}

// Mark is the end of the queue.
func (s *late) Mark() (accel.Mark, error) { return mark{s, len(s.queue)}, nil }

type mark struct {
	stream *late
	place  int
}

// Wait does the work before the mark.
func (m mark) Wait(ctx context.Context) error { return m.stream.reach(ctx, m.place) }

// Sync does all the work, and tells the first error once.
func (s *late) Sync(ctx context.Context) error {
	err := s.reach(ctx, len(s.queue))
	if ctx.Err() == nil {
		s.failed = nil
	}
	return err
}

// Close forgets what nobody has waited for.
func (s *late) Close() error {
	s.queue, s.done = nil, 0
	return s.Stream.Close()
}
