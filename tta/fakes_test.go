package tta_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// The model of these tests has three classes; a row's input is its logits, and an
// overlay adds the mean of its first rule to class 0. Features are the input.
const classes = 3

func forward(_ context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	out := &models.Output{Logits: b.Inputs[0].Clone()}
	if rules := o.Norms(); rules != nil {
		if math.IsInf(float64(rules[0].Mean[0]), 0) {
			return nil, errors.New("device lost")
		}
		for i := range b.Rows {
			out.Logits.Row(i)[0] += rules[0].Mean[0]
		}
	}
	if keep.Features {
		out.Features = b.Inputs[0]
	}
	return out, nil
}

// shift is a strategy that sets a rule under a key.
type shift struct {
	key string
	by  float32
}

func (s shift) Needs() tta.Needs { return tta.Needs{Owns: tta.OwnsNorm} }

func (s shift) Prepare(_ context.Context, _ *tta.Batch, o *models.Overlay) error {
	o.SetNorms(s.key, []accel.NormRule{{Mode: accel.NormGiven, Mean: []float32{s.by}, Var: []float32{1}}})
	return nil
}

// change is a strategy made of functions; it counts its updates.
type change struct {
	correct func(b *tta.Batch, out *models.Output, probs *accel.Tensor) error
	update  func() error
	keep    models.Keep
	updates int
}

func (c *change) Needs() tta.Needs { return tta.Needs{Keep: c.keep} }

func (c *change) Correct(_ context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	if c.correct == nil {
		return nil
	}
	return c.correct(b, out, probs)
}

func (c *change) Update(context.Context, *tta.Batch, *models.Output, *accel.Tensor) error {
	c.updates++
	if c.update != nil {
		return c.update()
	}
	return nil
}

func (c *change) Snapshot() ([]byte, error) { return []byte{byte(c.updates)}, nil }

func (c *change) Reset() { c.updates = 0 }

func (c *change) Restore(blob []byte) error {
	if len(blob) != 1 {
		return errors.New("one byte is wanted")
	}
	c.updates = int(blob[0])
	return nil
}

// decide is a decider that answers one class, with a name of its own for it.
type decide struct{ class int32 }

func (decide) Needs() tta.Needs { return tta.Needs{} }

func (decide) Labels() []string { return []string{"a", "b", "c", "new"} }

func (d decide) Decide(_ context.Context, b *tta.Batch, _ *models.Output, _ *accel.Tensor, class []int32, score []float32) error {
	for i := range b.Rows {
		class[i], score[i] = d.class, -1
	}
	return nil
}

// pipe is a pipeline of ready strategies.
type pipe struct {
	name       string
	role       tta.Role
	strategies []tta.Strategy
}

// options builds group options whose registry hands out the given strategies.
func options(pipes ...pipe) tta.GroupOptions {
	var specs []tta.Spec
	var configs []tta.PipelineConfig
	for _, p := range pipes {
		c := tta.PipelineConfig{Name: p.name, Role: p.role}
		for i, s := range p.strategies {
			name := fmt.Sprintf("%s%d", p.name, i)
			specs = append(specs, tta.Spec{Name: name, New: func(tta.Env, any) (tta.Strategy, error) { return s, nil }})
			c.Strategies = append(c.Strategies, tta.StrategyConfig{Name: name})
		}
		configs = append(configs, c)
	}
	return tta.GroupOptions{
		Registry: tta.NewRegistry(specs...), Configs: configs, Guard: tta.DefaultGuard(), Forward: forward,
		Env: tta.Env{
			Classes: classes, Labels: []string{"a", "b", "c"}, FeatureWidth: classes, Norms: []models.NormNode{{Name: "norm"}},
			Model: "toy", Now: func() time.Time { return time.Unix(100, 0) }, Log: zerolog.Nop(),
		},
	}
}

func champion(s ...tta.Strategy) pipe { return pipe{"main", tta.Champion, s} }

func build(t testing.TB, o tta.GroupOptions) *tta.Group {
	t.Helper()
	g, err := tta.NewGroup(o)
	require.NoError(t, err)
	return g
}

// batch is rows of logits, one item each.
func batch(logits ...float32) *tta.Batch {
	rows := len(logits) / classes
	b := &tta.Batch{Step: 7, Rows: rows, Inputs: []*accel.Tensor{accel.TensorOf(logits, rows, classes)}}
	for i := range rows {
		b.Items = append(b.Items, tta.Item{ID: fmt.Sprint(i), Rows: 1})
	}
	return b
}

// certain is a batch of rows that each lean to one class.
func certain(class ...int) *tta.Batch {
	x := make([]float32, len(class)*classes)
	for i, c := range class {
		x[i*classes+c] = 4
	}
	return batch(x...)
}

func step(t testing.TB, g *tta.Group, b *tta.Batch) *tta.Result {
	t.Helper()
	r, err := g.Step(context.Background(), b)
	require.NoError(t, err)
	return r
}

func settle(t testing.TB, g *tta.Group, b *tta.Batch) *tta.Result {
	t.Helper()
	r := step(t, g, b)
	require.NoError(t, g.Settle(context.Background(), r))
	return r
}

// answerOne makes every row certain of a class.
func answerOne(class int) *change {
	return &change{correct: func(b *tta.Batch, _ *models.Output, p *accel.Tensor) error {
		clear(p.Data)
		for i := range b.Rows {
			p.Row(i)[class] = 1
		}
		return nil
	}}
}
