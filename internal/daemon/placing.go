package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/models"
)

// placing is where a model's forwards run: on a device, where there is one that can
// and works, and on the processor. Which of the two answers a batch depends on its
// number of rows and on whether the device has failed, on nothing else.
type placing struct {
	log       zerolog.Logger
	processor *runner
	device    *runner // nil where there is none, or no more
	canary    *canary // nil where the model takes no made-up rows, or there is no device
	few       int     // batches of up to so many rows stay on the processor

	failures int  // steps in a row that failed on the device
	failing  bool // the step at hand has
	answered bool // the device has answered a forward of the step at hand
	proven   bool // it has answered the canary
	retired  bool // there was a device, and it is out of service
	overlap  overlap
	evacuate func() // what else of the group is on the device; nil is nothing
	notify   func(deviceFault)
	early    []deviceFault // from before anybody listened
}

// place compiles a graph for the devices, the last of which is the processor.
func place(ctx context.Context, g *models.Graph, devices []accel.Device, maxRows int, log zerolog.Logger) (*placing, error) {
	p := &placing{log: log}
	p.notify = func(f deviceFault) { p.early = append(p.early, f) }
	first, err := p.fit(g, devices, maxRows)
	if err != nil {
		return nil, err
	}
	if first.allOnProcessor() {
		p.processor = first
		p.tellRefused(first)
		return p, nil
	}
	p.device = first
	if p.processor, err = newRunner(g, devices[len(devices)-1:], maxRows); err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.tellPlacement(maxRows)
	return p, p.prove(ctx)
}

// fit compiles for the devices. Where the largest batch does not fit the memory of the
// first it tries half of it, and so on: larger batches then go to the processor, since
// a batch is never split.
func (p *placing) fit(g *models.Graph, devices []accel.Device, maxRows int) (*runner, error) {
	var lack error // for maxRows
	for rows := maxRows; rows > 0; rows /= 2 {
		r, err := newRunner(g, devices, rows)
		short := outOfMemory(r, err)
		if lack == nil {
			if short == nil || len(devices) < 2 {
				return r, err
			}
			lack = short
		}
		if err == nil && !r.allOnProcessor() {
			p.tellLack(lack, devices[0].Info(), rows, maxRows)
			return r, nil
		}
		if r != nil {
			if err := r.close(); err != nil {
				return nil, err
			}
		}
	}
	p.tellLack(lack, devices[0].Info(), 0, maxRows)
	return newRunner(g, devices[len(devices)-1:], maxRows)
}

// tellLack logs what a batch of maxRows rows needs, what the device has, and the rows
// that fit it.
func (p *placing) tellLack(needed error, d accel.Info, rows, maxRows int) {
	what := "the device's memory is too small for batch.max_rows: larger batches go to the CPU"
	if rows == 0 {
		what = "the device's memory is too small for the model: it runs on the CPU"
	}
	p.log.Warn().Str("device", d.Kind).AnErr("needed", needed).Int64("memory_bytes", d.Memory).
		Int("rows", rows).Int("max_rows", maxRows).Msg(what)
}

// outOfMemory is what a device said for which a plan was made without it, or not at
// all; nil if that was not for want of memory.
func outOfMemory(r *runner, err error) error {
	if err != nil {
		if errors.Is(err, accel.ErrOutOfMemory) {
			return err
		}
		return nil
	}
	for _, why := range r.plan.Placement().Refused {
		if errors.Is(why, accel.ErrOutOfMemory) {
			return why
		}
	}
	return nil
}

// tellPlacement logs where the model runs.
func (p *placing) tellPlacement(maxRows int) {
	at := p.device.plan.Placement()
	p.log.Info().Str("placement", at.String()).Int("cuts", at.Cuts()).
		Int("max_rows", p.device.plan.MaxRows()).Msg("model placed")
	for _, part := range at.Parts {
		for _, why := range part.Why {
			p.log.Info().Str("on", part.Device.Kind).Str("why", why).Msg("nodes not on the first device")
		}
	}
	p.tellRefused(p.device)
	if warning := at.Warning(); warning != "" {
		p.log.Warn().Msg(warning)
	}
}

// tellRefused logs why devices run nothing of the model, but for what tellLack says.
func (p *placing) tellRefused(r *runner) {
	for _, why := range r.plan.Placement().Refused {
		p.log.Warn().AnErr("why", why).Msg("device runs nothing of this model")
	}
}

// prove compares the device with the processor on rows both answer. A device that is
// wrong on this model is not used for it.
func (p *placing) prove(ctx context.Context) (err error) {
	if p.canary, err = newCanary(ctx, p.processor, p.device.plan.MaxRows()); err != nil {
		if ctx.Err() != nil {
			return errors.Join(err, p.close())
		}
		p.log.Warn().Err(err).Msg("no canary: the device's answers are not compared with the CPU's")
		return nil
	}
	p.check(ctx)
	p.proven = p.device != nil
	return nil
}

// check has the device answer the canary, and retires it where it errs. A device that
// was proven and now gives no answer may yet recover, as from any batch it failed on. It
// is called between two batches.
func (p *placing) check(ctx context.Context) {
	if p.device == nil || p.canary == nil {
		return
	}
	err := p.guarded(func() error { return p.canary.check(ctx, p.device) })
	if err == nil || ctx.Err() != nil {
		return
	}
	if p.proven && !errors.Is(err, errCanary) {
		p.failed(err)
		return
	}
	p.retire(reasonOf(err), err)
}

// takes says whether the device answers batches of so many rows.
func (p *placing) takes(rows int) bool {
	return p.device != nil && rows > p.few && rows <= p.device.plan.MaxRows()
}

// preferred is the plan of most batches.
func (p *placing) preferred() *models.Plan {
	if p.device != nil {
		return p.device.plan
	}
	return p.processor.plan
}

func (p *placing) close() error {
	var errs []error
	for _, r := range []*runner{p.device, p.processor} {
		if r != nil {
			errs = append(errs, r.close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the model's plans: %w", err)
	}
	return nil
}
