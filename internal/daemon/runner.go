package daemon

import (
	"context"
	"errors"
	"fmt"

	"ttad/accel"
	"ttad/models"
)

// runner is a plan with the one session its group has on it.
type runner struct {
	plan    *models.Plan
	session *models.Session
	output  models.Output
}

func newRunner(g *models.Graph, devices []accel.Device, maxRows int) (*runner, error) {
	plan, err := models.NewPlan(g, devices, maxRows)
	if err != nil {
		return nil, err
	}
	session, err := plan.NewSession()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a session of %s: %w", g.Name, err), plan.Close())
	}
	return &runner{plan: plan, session: session}, nil
}

// forward's output is good until the next call.
func (r *runner) forward(ctx context.Context, in []*accel.Tensor, rows int, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	if err := r.session.ForwardInto(ctx, in, rows, o, keep, &r.output); err != nil {
		return nil, err
	}
	return &r.output, nil
}

// device is that of the most steps.
func (r *runner) device() accel.Info { return r.plan.Placement().Device() }

// allOnProcessor says that no part runs anywhere else.
func (r *runner) allOnProcessor() bool {
	for _, part := range r.plan.Placement().Parts {
		if part.Device.Kind != processorKind {
			return false
		}
	}
	return true
}

func (r *runner) close() error { return errors.Join(r.session.Close(), r.plan.Close()) }
