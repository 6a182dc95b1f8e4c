package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
	"ttad/bnstats"
)

// Session is one caller's streams and memory for a plan: not safe to share, and
// cheap next to the plan. Close it before the plan.
type Session struct {
	plan   *Plan
	legs   []leg
	at     [][]float32  // what lies at the plan's edges during a forward; nil where it is not wanted
	own    [][]float32  // the session's memory for what passes from part to part, by edge
	home   [2][]float32 // where the caller wants the graph's outputs
	ahead  ahead
	closed bool
}

// NewSession allocates a session's memory for batches of up to MaxRows rows.
func (p *Plan) NewSession() (*Session, error) {
	s := &Session{plan: p, legs: make([]leg, len(p.parts)), at: make([][]float32, len(p.edges)), own: make([][]float32, len(p.edges))}
	p.sessions.Add(1)
	for i := range s.legs {
		s.legs[i].plan, s.legs[i].part = p, &p.parts[i]
		if err := s.legs[i].open(); err != nil {
			return nil, errors.Join(fmt.Errorf("session of %s: %w", p.graph.Name, err), s.Close())
		}
	}
	for e, edge := range p.edges {
		if edge.crosses {
			s.own[e] = make([]float32, p.graph.Program.Values[edge.id].Shape.Elements(p.maxRows))
		}
	}
	return s, nil
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
	s.lay(in, rows, out)
	err := s.through(ctx, rows, o.Norms(), keep)
	for _, f := range keep.Finish {
		f.End(err)
	}
	if err != nil {
		*out = Output{}
		s.ahead.interrupted = true
		return fmt.Errorf("forward of %s: %w", s.plan.graph.Name, err)
	}
	s.collect(keep, rows, out)
	return nil
}

// through takes the batch through the parts. Only behind a single one are both outputs
// on the same device.
func (s *Session) through(ctx context.Context, rows int, rules []accel.NormRule, keep Keep) error {
	if len(s.legs) > 1 {
		keep.Finish = nil
	}
	for i := range s.legs {
		if err := s.legs[i].forward(ctx, s.at, rows, rules, keep); err != nil {
			return err
		}
	}
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

// lay says for every edge where its value is read or written on the host.
func (s *Session) lay(in []*accel.Tensor, rows int, out *Output) {
	clear(s.at)
	s.layInputs(in)
	s.layOutputs(out)
	p := s.plan
	for e, edge := range p.edges {
		v := &p.graph.Program.Values[edge.id]
		switch {
		case v.Const != nil && !edge.computed:
			s.at[e] = v.Const
		case edge.crosses && s.at[e] == nil:
			s.at[e] = s.own[e][:elements(v.Shape, rows)]
		}
	}
}

func (s *Session) layInputs(in []*accel.Tensor) {
	for i, t := range in {
		s.at[i] = t.Data
	}
}

func (s *Session) layOutputs(out *Output) {
	s.home = [2][]float32{out.Logits.Data}
	if out.Features != nil {
		s.home[1] = out.Features.Data
	}
	for i, e := range s.plan.outputs {
		if s.at[e] == nil {
			s.at[e] = s.home[i]
		}
	}
}

// elements is Shape.Elements without memory for the extents.
func elements(s accel.Shape, rows int) int {
	n := 1
	for _, d := range s {
		n *= d.At(rows)
	}
	return n
}

// collect copies what does not lie in the output yet: moments, and an output that is
// an input, a constant or the other output.
func (s *Session) collect(keep Keep, rows int, out *Output) {
	for i, e := range s.plan.outputs {
		if home := s.home[i]; home != nil && &home[0] != &s.at[e][0] {
			copy(home, s.at[e])
		}
	}
	if !keep.Moments {
		return
	}
	for i := range s.legs {
		l := &s.legs[i]
		s.plan.measured(l.host, l.part.norms[0], rows, out)
	}
}

// measured copies moments of norms from the first on into an output.
func (p *Plan) measured(host [][]float32, first, rows int, out *Output) {
	for k, values := range host {
		n, m := p.graph.Norms[first+k], &out.Moments[first+k]
		copy(m.Mean, values[:n.Channels])
		copy(m.Var, values[n.Channels:])
		m.Count = float64(rows) * float64(n.Positions)
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

// Close frees the session's memory and streams. Closing twice is allowed.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	errs := []error{s.ahead.close()}
	for i := range s.legs {
		errs = append(errs, s.legs[i].close())
	}
	s.plan.sessions.Add(-1)
	return errors.Join(errs...)
}
