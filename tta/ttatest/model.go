package ttatest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/bnstats"
	"ttad/models"
	"ttad/tta"
)

// The model's sizes.
const (
	Inputs    = 6
	channels  = 4
	positions = 2
	Features  = channels * positions
)

// Model is a small frozen classifier evaluated in plain loops: linear, norm, ReLU
// (the features), linear, and a virtual norm on the logits as a calibration would
// put there. Its weights come from a seed.
type Model struct {
	Classes    int
	in, head   [][]float32 // by output
	gamma      [2][]float32
	beta       [2][]float32
	norms      []models.NormNode
	ForwardRun int // forwards so far
}

// NewModel returns the model with the given number of classes.
func NewModel(classes int) *Model {
	r := rand.New(rand.NewPCG(7, uint64(classes)))
	m := &Model{Classes: classes, in: matrix(r, Features, Inputs), head: matrix(r, classes, Features)}
	m.addNorm(r, 0, models.NormNode{Name: "/body/norm", Channels: channels, Positions: positions, Eps: 1e-5})
	m.addNorm(r, 1, models.NormNode{Name: "/head/norm", Channels: classes, Positions: 1, Eps: 1e-5, Virtual: true, FeedsLogits: true})
	return m
}

func matrix(r *rand.Rand, rows, cols int) [][]float32 {
	out := make([][]float32, rows)
	for i := range out {
		out[i] = make([]float32, cols)
		for j := range out[i] {
			out[i][j] = float32(r.NormFloat64())
		}
	}
	return out
}

func (m *Model) addNorm(r *rand.Rand, i int, n models.NormNode) {
	n.Source = bnstats.New(n.Channels)
	m.gamma[i], m.beta[i] = make([]float32, n.Channels), make([]float32, n.Channels)
	for c := range n.Channels {
		n.Source.Mean[c] = float32(r.NormFloat64())
		n.Source.Var[c] = float32(1 + 4*r.Float64())
		m.gamma[i][c] = float32(1 + r.Float64())
		m.beta[i][c] = float32(r.NormFloat64())
	}
	m.norms = append(m.norms, n)
}

// Env is what strategies on the model are given. The clock stands still.
func (m *Model) Env(pipeline string) tta.Env {
	return tta.Env{
		Pipeline: pipeline, Classes: m.Classes, FeatureWidth: Features, Norms: m.norms, Model: "ttatest",
		Forward: m.Forward, Rand: rand.New(rand.NewPCG(1, 2)), Now: func() time.Time { return time.Unix(0, 0) }, Log: zerolog.Nop(),
	}
}

// Forward runs the model. Every call returns new memory.
func (m *Model) Forward(ctx context.Context, b *tta.Batch, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rules := o.Norms()
	if rules == nil {
		rules = make([]accel.NormRule, len(m.norms))
	}
	if len(rules) != len(m.norms) {
		return nil, fmt.Errorf("%d norm rules for %d norm nodes", len(rules), len(m.norms))
	}
	m.ForwardRun++
	body, first := Normalize(linear(b.Inputs[0].Data, m.in), b.Rows, m.norms[0], m.gamma[0], m.beta[0], rules[0])
	for i, v := range body {
		body[i] = max(v, 0)
	}
	logits, second := Normalize(linear(body, m.head), b.Rows, m.norms[1], m.gamma[1], m.beta[1], rules[1])
	out := &models.Output{Logits: accel.TensorOf(logits, b.Rows, m.Classes)}
	if keep.Features {
		out.Features = accel.TensorOf(body, b.Rows, Features)
	}
	if keep.Moments {
		out.Moments = []bnstats.Moments{first, second}
	}
	return out, nil
}

// linear multiplies rows of x by weights, one list an output.
func linear(x []float32, weights [][]float32) []float32 {
	width := len(weights[0])
	out := make([]float32, 0, len(x)/width*len(weights))
	for at := 0; at < len(x); at += width {
		for _, w := range weights {
			sum := 0.0
			for k, v := range x[at : at+width] {
				sum += float64(v) * float64(w[k])
			}
			out = append(out, float32(sum))
		}
	}
	return out
}

// Batch wraps input rows of Inputs values each as a batch of one-row items.
func Batch(step uint64, x []float32) *tta.Batch {
	rows := len(x) / Inputs
	b := &tta.Batch{Step: step, Rows: rows, Inputs: []*accel.Tensor{accel.TensorOf(x, rows, Inputs)}}
	for i := range rows {
		b.Items = append(b.Items, tta.Item{ID: fmt.Sprintf("%d-%d", step, i), Rows: 1})
	}
	return b
}

// RandomBatch returns rows of normal values, shifted and scaled as a drifted
// stream's would be.
func RandomBatch(r *rand.Rand, step uint64, rows int) *tta.Batch {
	x := make([]float32, rows*Inputs)
	for i := range x {
		x[i] = float32(0.7 + 1.5*r.NormFloat64())
	}
	return Batch(step, x)
}
