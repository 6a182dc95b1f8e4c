package integration_test

import (
	"context"
	"math"
	"sync/atomic"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/builtin"
)

// withBroken is this build's strategies and some that go wrong on purpose.
func withBroken() *tta.Registry {
	return tta.NewRegistry(append(builtin.Registry().Specs(),
		spec("explode", func() tta.Strategy { return explode{} }),
		spec("stall", func() tta.Strategy { return &stall{} }),
	)...)
}

func spec(name string, build func() tta.Strategy) tta.Spec {
	return tta.Spec{
		Name: name, Summary: "Goes wrong on purpose.", NewConfig: func() any { return &struct{}{} },
		New: func(tta.Env, any) (tta.Strategy, error) { return build(), nil },
	}
}

// explode answers every second batch with a row that is no probability.
type explode struct{}

func (explode) Needs() tta.Needs { return tta.Needs{} }

func (explode) Correct(_ context.Context, b *tta.Batch, _ *models.Output, probs *accel.Tensor) error {
	if b.Step%2 == 0 {
		probs.Row(0)[0] = float32(math.NaN())
	}
	return nil
}

// stall never answers its first batch.
type stall struct{ batches atomic.Int32 }

func (*stall) Needs() tta.Needs { return tta.Needs{} }

func (s *stall) Correct(ctx context.Context, _ *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
	if s.batches.Add(1) > 1 {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// gate answers when the test lets it.
type gate struct{ entered, open chan struct{} }

func (gate) Needs() tta.Needs { return tta.Needs{} }

func (g gate) Correct(ctx context.Context, _ *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
	g.entered <- struct{}{}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
