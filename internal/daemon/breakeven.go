package daemon

import (
	"context"
	"fmt"
	"time"

	"ttad/accel"
	"ttad/models"
)

const (
	// measured is how many forwards of each size are timed; the fastest counts.
	measured = 3
	// longForward is beyond which one forward is measure enough.
	longForward = 200 * time.Millisecond
)

// breakEven is the largest of the sizes, in ascending order, up to which the processor
// was faster at every one; 0 where the device won at the first.
func breakEven(sizes []int, processor, device []time.Duration) int {
	few := 0
	for i, rows := range sizes {
		if processor[i] >= device[i] {
			break
		}
		few = rows
	}
	return few
}

// calibrate measures forwards of the source model on both, and from then on keeps
// batches on the processor that are so small that it was faster.
func (p *placing) calibrate(ctx context.Context) error {
	if p.device == nil {
		return nil
	}
	sizes := batchSizes(p.device.plan.MaxRows())
	var processor, device []time.Duration
	for _, rows := range sizes {
		in := madeUpRows(p.processor.plan.Graph(), rows)
		c, err := p.processor.fastest(ctx, in, rows)
		if err != nil {
			p.log.Warn().Err(err).Msg("not calibrated: the model does not take made-up rows; every batch goes to the device")
			return ctx.Err()
		}
		var d time.Duration
		err = p.guarded(func() (err error) {
			d, err = p.device.fastest(ctx, in, rows)
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				p.retire(reasonOf(err), err)
			}
			return ctx.Err()
		}
		processor, device = append(processor, c), append(device, d)
		p.log.Info().Int("rows", rows).Float64("cpu_ms", ms(c)).Float64(p.device.device().Kind+"_ms", ms(d)).Msg("forward measured")
	}
	p.few = breakEven(sizes, processor, device)
	p.log.Info().Int("cpu_rows", p.few).Int("max_rows", p.device.plan.MaxRows()).
		Msg("batches of up to cpu_rows rows stay on the CPU (device.auto)")
	return nil
}

// batchSizes are 1, 4, 16 and so on, and the largest.
func batchSizes(most int) []int {
	var sizes []int
	for n := 1; n < most; n *= 4 {
		sizes = append(sizes, n)
	}
	return append(sizes, most)
}

// fastest times forwards behind one that warms up.
func (r *runner) fastest(ctx context.Context, in []*accel.Tensor, rows int) (time.Duration, error) {
	var best time.Duration
	for i := range measured + 1 {
		start := time.Now()
		if _, err := r.forward(ctx, in, rows, nil, models.Keep{}); err != nil {
			return 0, fmt.Errorf("forward of %d rows: %w", rows, err)
		}
		took := time.Since(start)
		if i == 1 || i > 1 && took < best {
			best = took
		}
		if i > 0 && took > longForward {
			break
		}
	}
	return best, nil
}
