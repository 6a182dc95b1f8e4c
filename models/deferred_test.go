package models_test

import (
	"context"
	"errors"

	"ttad/accel"
)

// deferred is a device whose streams do nothing before somebody waits, as one that
// works on its own may: what is in a download's destination before is rubbish.
type deferred struct {
	*oracle
	waits int
}

func (d *deferred) NewStream() (accel.Stream, error) {
	s, err := d.oracle.NewStream()
	return &deferredStream{device: d, s: s.(*oracleStream)}, err
}

type deferredStream struct {
	device *deferred
	s      *oracleStream
	queue  []func() error
	done   int   // of the queue's entries
	failed error // since the last Sync
}

func (s *deferredStream) later(work func() error) error {
	s.queue = append(s.queue, work)
	return nil
}

func (s *deferredStream) Upload(dst accel.Buffer, src []float32) error {
	src = append([]float32(nil), src...)
	return s.later(func() error { return s.s.Upload(dst, src) })
}

func (s *deferredStream) Run(e accel.Exec, rows int, a accel.Args) error {
	a.Inputs, a.Outputs = append([]accel.Buffer(nil), a.Inputs...), append([]accel.Buffer(nil), a.Outputs...)
	a.Norms = append([]accel.NormRule(nil), a.Norms...)
	return s.later(func() error {
		err := s.s.Run(e, rows, a)
		return errors.Join(err, s.s.Sync(context.Background()))
	})
}

func (s *deferredStream) Download(dst []float32, src accel.Buffer) error {
	for i := range dst {
		dst[i] = -12345
	}
	return s.later(func() error { return s.s.Download(dst, src) })
}

func (s *deferredStream) reach(place int) error {
	for ; s.done < place; s.done++ {
		s.device.waits++
		if err := s.queue[s.done](); s.failed == nil {
			s.failed = err
		}
	}
	return s.failed
}

func (s *deferredStream) Mark() (accel.Mark, error) { return deferredMark{s, len(s.queue)}, nil }

type deferredMark struct {
	s     *deferredStream
	place int
}

func (m deferredMark) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.s.reach(m.place)
}

func (s *deferredStream) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.reach(len(s.queue))
	s.failed = nil
	return err
}

func (s *deferredStream) Close() error {
	return errors.Join(s.Sync(context.Background()), s.s.Close())
}
