package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// maxFailures in a row are taken for a device that will not recover.
const maxFailures = 3

// Reasons to take a device out of service, fit for a metric's label.
const (
	reasonLost   = "lost"          // unplugged, or its driver gave up
	reasonMemory = "out_of_memory" // several times in a row
	reasonError  = "error"         // several times in a row, on batches the CPU answers
	reasonCanary = "canary"        // it answered known rows wrongly
)

// deviceFault is a batch, or a canary, that a device failed on and the processor did not.
type deviceFault struct {
	Device  accel.Info
	Retired bool   // the device answers nothing more
	Reason  string // one of the reasons above
	Err     error
}

// forward answers a batch on the device, or on the processor where the batch belongs
// there or the device fails: one answer a batch, whatever happens to the device.
func (p *placing) forward(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	if !p.takes(b.Rows) {
		return p.onProcessor(ctx, b, o, keep)
	}
	out, err := p.onDevice(ctx, b, o, keep)
	switch {
	case err == nil && finite(out.Logits.Data):
		p.answered = true
		return out, nil
	case err != nil && ctx.Err() != nil:
		if errors.Is(err, accel.ErrLost) {
			p.failed(err)
		}
		return nil, err
	case err != nil:
		return p.instead(ctx, b, o, keep, err)
	}
	return p.doubted(ctx, b, o, keep, out)
}

func (p *placing) onProcessor(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	return p.processor.forward(ctx, b.Inputs, b.Rows, o, keep)
}

// onDevice brings home a forward that was queued, or runs it.
func (p *placing) onDevice(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (out *models.Output, err error) {
	err = p.guarded(func() (err error) {
		if k := p.queued(b, o); k >= 0 {
			out, err = p.device.session.Collect(ctx, k)
		} else {
			out, err = p.device.forward(ctx, b.Inputs, b.Rows, o, keep)
		}
		return err
	})
	return out, err
}

// guarded makes a panic of the device's code an error like any other, behind which the
// processor answers.
func (p *placing) guarded(work func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			p.log.Error().Interface("panic", v).Bytes("stack", debug.Stack()).Msg("the device's code panicked")
			err = fmt.Errorf("internal error: %v", v)
		}
	}()
	return work()
}

// instead answers a batch the device failed on. Where the processor fails too, the
// batch is at fault and not the device, unless that is gone.
func (p *placing) instead(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep, cause error) (*models.Output, error) {
	out, err := p.onProcessor(ctx, b, o, keep)
	if err == nil || errors.Is(cause, accel.ErrLost) {
		p.failed(cause)
	}
	return out, err
}

// doubted answers a batch for which the device's logits are not finite. That is mostly
// the batch's own doing, and the processor says so; where it does not, the canary
// decides whether the device can be trusted.
func (p *placing) doubted(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep, out *models.Output) (*models.Output, error) {
	own, err := p.onProcessor(ctx, b, o, keep)
	if err != nil || sameFinite(out.Logits.Data, own.Logits.Data) {
		return out, nil
	}
	p.failed(errors.New("logits that are not finite, where the CPU's are"))
	p.check(ctx)
	return own, nil
}

// sameFinite says that two answers have numbers in the same places.
func sameFinite(a, b []float32) bool {
	for i := range a {
		if isFinite(a[i]) != isFinite(b[i]) {
			return false
		}
	}
	return true
}

// forgive starts a step. Failures are in a row until the device has answered all it was
// asked for in a step.
func (p *placing) forgive() {
	if p.answered && !p.failing {
		p.failures = 0
	}
	p.answered, p.failing = false, false
}

// failed counts the step's first failure, and retires the device where it is the last
// of several steps'.
func (p *placing) failed(cause error) {
	if !p.failing {
		p.failing = true
		p.failures++
	}
	if p.device == nil {
		return // gone with an earlier forward of the step
	}
	if errors.Is(cause, accel.ErrLost) || p.failures >= maxFailures {
		p.retire(reasonOf(cause), cause)
		return
	}
	p.log.Warn().Err(cause).Int("in_a_row", p.failures).Msg("device failed; the CPU has answered the batch")
	p.notify(deviceFault{Device: p.device.device(), Reason: reasonOf(cause), Err: cause})
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, accel.ErrLost):
		return reasonLost
	case errors.Is(err, accel.ErrOutOfMemory):
		return reasonMemory
	case errors.Is(err, errCanary):
		return reasonCanary
	}
	return reasonError
}

// retire takes the device out of service for this model. Adaptation state lies with
// the strategies, on the host, so that the processor goes on from it.
func (p *placing) retire(reason string, cause error) {
	fault := deviceFault{Device: p.device.device(), Retired: true, Reason: reason, Err: cause}
	if err := p.guarded(p.device.close); err != nil {
		p.log.Warn().Err(fmt.Errorf("close the device's plan: %w", err)).Msg("device retired with something left open")
	}
	p.device, p.retired = nil, true
	if p.evacuate != nil {
		p.evacuate()
	}
	p.log.Error().Str("device", fault.Device.Kind).Str("name", fault.Device.Name).Str("reason", reason).Err(cause).
		Msg("device retired; the group goes on on the CPU")
	p.notify(fault)
}
