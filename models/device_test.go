package models_test

import (
	"context"
	"errors"
	"fmt"

	"ttad/accel"
	"ttad/accel/plain"
)

// oracle is a device over package plain: slow and right. It can be told to
// refuse an operator or to fail a run.
type oracle struct {
	refuse string // kind of operator
	fail   error  // what runs return
	unfit  error  // what compiling returns
	open   int
}

type memory []float32

func (m memory) Floats() int { return len(m) }
func (m memory) Free() error { return nil }

func (d *oracle) Info() accel.Info { return accel.Info{Kind: "oracle", Name: "plain loops"} }

func (d *oracle) Supports(p *accel.Program, step int) error {
	if p.Steps[step].Op.Kind() == d.refuse {
		return accel.Unsupported(p.Steps[step], "told so")
	}
	return nil
}

func (d *oracle) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if d.unfit != nil {
		return nil, d.unfit
	}
	d.open++
	return &oracleExec{d, p, maxRows}, p.Check()
}

func (d *oracle) Alloc(floats int) (accel.Buffer, error) { return make(memory, floats), nil }

func (d *oracle) NewStream() (accel.Stream, error) { d.open++; return &oracleStream{d: d}, nil }

func (d *oracle) Close() error {
	if d.open != 0 {
		return fmt.Errorf("%d things are open", d.open)
	}
	return nil
}

type oracleExec struct {
	d    *oracle
	p    *accel.Program
	rows int
}

func (e *oracleExec) Program() *accel.Program { return e.p }
func (e *oracleExec) MaxRows() int            { return e.rows }
func (e *oracleExec) Close() error            { e.d.open--; return nil }

type oracleStream struct {
	d       *oracle
	pending error
}

func (s *oracleStream) Upload(dst accel.Buffer, src []float32) error {
	copy(dst.(memory), src)
	return nil
}

func (s *oracleStream) Run(e accel.Exec, rows int, a accel.Args) error {
	s.pending = s.d.fail
	p := e.Program()
	inputs := make([]*accel.Tensor, len(p.Inputs))
	for i, id := range p.Inputs {
		extents := p.Values[id].Shape.At(rows)
		inputs[i] = accel.TensorOf(a.Inputs[i].(memory)[:accel.Elements(extents)], extents...)
	}
	r, err := plain.Run(p, inputs, rows, a.Norms)
	if err != nil {
		return err
	}
	for i, b := range a.Outputs {
		if b != nil {
			copy(b.(memory), r.Outputs[i].Data)
		}
	}
	for i, b := range a.Moments {
		if b != nil {
			copy(b.(memory), r.Norms[i].Mean)
			copy(b.(memory)[len(r.Norms[i].Mean):], r.Norms[i].Var)
		}
	}
	return nil
}

func (s *oracleStream) Download(dst []float32, src accel.Buffer) error {
	copy(dst, src.(memory))
	return nil
}

func (s *oracleStream) Sync(ctx context.Context) error {
	err := errors.Join(s.pending, ctx.Err())
	s.pending = nil
	return err
}

func (s *oracleStream) Close() error { s.d.open--; return nil }
