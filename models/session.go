package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
	"ttad/bnstats"
)

// Session is one caller's stream and memory for a plan: not safe to share, and
// cheap next to the plan. Close it before the plan.
type Session struct {
	plan    *Plan
	stream  accel.Stream
	inputs  []accel.Buffer
	outputs []accel.Buffer
	wanted  []accel.Buffer // of the running forward: nil for what was not asked for
	moments []accel.Buffer
	host    [][]float32 // of moments: means, then variances
	closed  bool
}

// NewSession allocates a session's memory for batches of up to MaxRows rows.
func (p *Plan) NewSession() (*Session, error) {
	stream, err := p.device.NewStream()
	if err != nil {
		return nil, fmt.Errorf("session of %s: %w", p.graph.Name, err)
	}
	p.sessions.Add(1)
	s := &Session{plan: p, stream: stream}
	if err := s.alloc(); err != nil {
		return nil, errors.Join(fmt.Errorf("session of %s: %w", p.graph.Name, err), s.Close())
	}
	return s, nil
}

func (s *Session) alloc() error {
	prog := s.plan.graph.Program
	for _, list := range []struct {
		ids []accel.ValueID
		to  *[]accel.Buffer
	}{{prog.Inputs, &s.inputs}, {prog.Outputs, &s.outputs}} {
		for _, id := range list.ids {
			if err := s.buffer(list.to, prog.Values[id].Shape.Elements(s.plan.MaxRows())); err != nil {
				return err
			}
		}
	}
	for _, n := range s.plan.graph.Norms {
		if err := s.buffer(&s.moments, 2*n.Channels); err != nil {
			return err
		}
		s.host = append(s.host, make([]float32, 2*n.Channels))
	}
	return nil
}

func (s *Session) buffer(to *[]accel.Buffer, floats int) error {
	b, err := s.plan.device.Alloc(floats)
	if err == nil {
		*to = append(*to, b)
	}
	return err
}

// Forward runs the model on in, one tensor [rows ...] per input of the graph,
// under an overlay (nil is the source model). The result is the caller's own.
func (s *Session) Forward(ctx context.Context, in []*accel.Tensor, rows int, o *Overlay, keep Keep) (*Output, error) {
	out := &Output{}
	if err := s.ForwardInto(ctx, in, rows, o, keep, out); err != nil {
		return nil, err
	}
	return out, nil
}

// ForwardInto is Forward into an output whose memory is reused: a caller that
// needs the outputs of several overlays of one batch keeps one Output for each.
// What was not asked for is nil afterwards. On an error out holds nothing.
//
// A batch is never split, since its statistics belong together: more rows than
// the plan was made for are an error. A context that ends makes the call fail,
// but only after the device is done with in and out.
func (s *Session) ForwardInto(ctx context.Context, in []*accel.Tensor, rows int, o *Overlay, keep Keep, out *Output) error {
	if o == nil {
		o = &Overlay{}
	}
	if err := s.check(in, rows, o); err != nil {
		return fmt.Errorf("forward of %s: %w", s.plan.graph.Name, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	out.shape(s.plan.graph, rows, keep)
	err := s.enqueue(in, rows, o, keep, out)
	if err = errors.Join(err, s.sync(ctx)); err != nil {
		*out = Output{}
		return fmt.Errorf("forward of %s: %w", s.plan.graph.Name, err)
	}
	s.collect(keep, rows, out)
	return nil
}

// check refuses what does not fit the graph before anything is queued.
func (s *Session) check(in []*accel.Tensor, rows int, o *Overlay) error {
	g := s.plan.graph
	switch {
	case s.closed:
		return errors.New("the session is closed")
	case rows < 1 || rows > s.plan.MaxRows():
		return fmt.Errorf("%d rows: the plan takes 1 to %d", rows, s.plan.MaxRows())
	case len(in) != len(g.Inputs):
		return fmt.Errorf("%d inputs, the model has %d", len(in), len(g.Inputs))
	}
	for i, port := range g.Inputs {
		if !holds(in[i], port.Shape, rows) {
			return fmt.Errorf("input %q: shape %v, want %v", port.Name, in[i].Shape, port.Shape.At(rows))
		}
	}
	return g.Program.CheckRules(o.Norms())
}

// holds reports whether a tensor has a shape's extents, without writing them out
// as Shape.At does.
func holds(t *accel.Tensor, s accel.Shape, rows int) bool {
	return len(t.Data) == accel.Elements(t.Shape) &&
		slices.EqualFunc(t.Shape, s, func(extent int, d accel.Dim) bool { return extent == d.At(rows) })
}

// enqueue queues uploads, the run and downloads.
func (s *Session) enqueue(in []*accel.Tensor, rows int, o *Overlay, keep Keep, out *Output) error {
	for i, t := range in {
		if err := s.stream.Upload(s.inputs[i], t.Data); err != nil {
			return err
		}
	}
	s.wanted = append(s.wanted[:0], s.outputs...)
	args := accel.Args{Inputs: s.inputs, Outputs: s.wanted, Norms: o.Norms()}
	if out.Features == nil && len(args.Outputs) > 1 {
		args.Outputs[1] = nil
	}
	if keep.Moments {
		args.Moments = s.moments
	}
	if err := s.stream.Run(s.plan.exec, rows, args); err != nil {
		return err
	}
	return s.download(keep, out)
}

func (s *Session) download(keep Keep, out *Output) error {
	if err := s.stream.Download(out.Logits.Data, s.outputs[0]); err != nil {
		return err
	}
	if out.Features != nil {
		if err := s.stream.Download(out.Features.Data, s.outputs[1]); err != nil {
			return err
		}
	}
	if !keep.Moments {
		return nil
	}
	for i, b := range s.moments {
		if err := s.stream.Download(s.host[i], b); err != nil {
			return err
		}
	}
	return nil
}

// sync waits for the queue. When the context ends first, the device still reads
// and writes the caller's memory, so the wait goes on before the call returns.
func (s *Session) sync(ctx context.Context) error {
	err := s.stream.Sync(ctx)
	if err != nil && ctx.Err() != nil {
		return errors.Join(ctx.Err(), s.stream.Sync(context.WithoutCancel(ctx)))
	}
	return err
}

// collect copies moments out of the session's own memory.
func (s *Session) collect(keep Keep, rows int, out *Output) {
	if !keep.Moments {
		return
	}
	for i, n := range s.plan.graph.Norms {
		copy(out.Moments[i].Mean, s.host[i][:n.Channels])
		copy(out.Moments[i].Var, s.host[i][n.Channels:])
		out.Moments[i].Count = float64(rows) * float64(n.Positions)
	}
}

// shape makes room in an output for one forward, reusing what is there.
func (o *Output) shape(g *Graph, rows int, keep Keep) {
	o.Logits = resized(o.Logits, rows, g.Classes)
	switch {
	case keep.Features && g.Features != accel.NoValue:
		o.Features = resized(o.Features, rows, g.FeatureWidth)
	default:
		o.Features = nil
	}
	if !keep.Moments {
		o.Moments = nil
		return
	}
	if len(o.Moments) == len(g.Norms) {
		return
	}
	o.Moments = make([]bnstats.Moments, len(g.Norms))
	for i, n := range g.Norms {
		o.Moments[i] = bnstats.Moments{Mean: make([]float32, n.Channels), Var: make([]float32, n.Channels)}
	}
}

// resized returns a tensor [rows width], in t's memory where it is large enough.
func resized(t *accel.Tensor, rows, width int) *accel.Tensor {
	if t == nil || cap(t.Data) < rows*width {
		return accel.NewTensor(rows, width)
	}
	t.Shape = append(t.Shape[:0], rows, width)
	t.Data = t.Data[:rows*width]
	return t
}

// Close frees the session's memory and stream. Closing twice is allowed.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	errs := []error{s.stream.Close()}
	for _, b := range slices.Concat(s.inputs, s.outputs, s.moments) {
		errs = append(errs, b.Free())
	}
	s.plan.sessions.Add(-1)
	return errors.Join(errs...)
}
