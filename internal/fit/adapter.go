package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/accel"
	"ttad/models"
	"ttad/models/grad"
	"ttad/tta/labelshift"
)

// Options of a training.
type Options struct {
	Outputs string  // labelshift.OutputsBias, OutputsAffine or OutputsFull
	Input   string  // labelshift.InputLogRatio or InputDegree
	Hidden  int     // units of the hidden layer
	Epochs  int     // passes over the training rows
	Batch   int     // rows a step; one target prior is drawn for each
	Rate    float64 // of Adam
	Tau     float64 // of the loss
	Seed    uint64
	// SourcePrior is the class shares the model was trained on; nil takes those of
	// the labels.
	SourcePrior []float64
	Progress    func(done, total int) // in rows; nil: none
}

// DefaultOptions trains the whole head for ten epochs.
func DefaultOptions() Options {
	return Options{Outputs: labelshift.OutputsFull, Input: labelshift.InputLogRatio, Hidden: 64, Epochs: 10, Batch: 128, Rate: 1e-4, Tau: 1, Seed: 1}
}

func (o Options) check(s *Source) error {
	g := s.Graph
	switch {
	case labelshift.OutputWidth(o.Outputs, 2, 1) == 0:
		return fmt.Errorf("outputs %q is none of %s, %s, %s", o.Outputs, labelshift.OutputsBias, labelshift.OutputsAffine, labelshift.OutputsFull)
	case o.Input != labelshift.InputLogRatio && o.Input != labelshift.InputDegree:
		return fmt.Errorf("input %q is none of %s, %s", o.Input, labelshift.InputLogRatio, labelshift.InputDegree)
	case o.Hidden < 1 || o.Epochs < 1 || o.Batch < 1 || !positive(o.Rate) || !positive(o.Tau):
		return fmt.Errorf("%d hidden units, %d epochs, batches of %d, rate %g, tau %g: all must be above 0, and finite", o.Hidden, o.Epochs, o.Batch, o.Rate, o.Tau)
	case o.Outputs != labelshift.OutputsBias && g.Head == nil:
		return fmt.Errorf("outputs %s changes the linear layer behind the features, and model %s does not end in one: use --outputs %s", o.Outputs, g.Name, labelshift.OutputsBias)
	case o.Outputs != labelshift.OutputsBias && s.Features == nil:
		return fmt.Errorf("outputs %s needs the features beside the logits: give --cached-features, or use --outputs %s", o.Outputs, labelshift.OutputsBias)
	case o.Hidden > labelshift.MaxWeights || o.sizes(g).weights() > labelshift.MaxWeights:
		return fmt.Errorf("%d hidden units for outputs %s make more than the %d weights an adapter's file holds: use fewer, or --outputs %s",
			o.Hidden, o.Outputs, labelshift.MaxWeights, labelshift.OutputsBias)
	}
	return o.checkSourcePrior(g.Classes)
}

func (o Options) checkSourcePrior(classes int) error {
	if o.SourcePrior == nil {
		return nil
	}
	if len(o.SourcePrior) != classes {
		return fmt.Errorf("a source prior of %d entries, the model has %d classes", len(o.SourcePrior), classes)
	}
	for k, share := range o.SourcePrior {
		if !positive(share) {
			return fmt.Errorf("a source prior of %g for class %d: every class of the model had some share in its training", share, k)
		}
	}
	return nil
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// sizes are those of the network for a model.
func (o Options) sizes(g *models.Graph) sizes {
	shape := labelshift.Adapter{Input: o.Input, Classes: g.Classes}
	return sizes{shape.Inputs(), o.Hidden, g.Classes, g.FeatureWidth, o.Outputs}
}

// Adapter trains a label shift adapter on four fifths of the rows and judges it on
// the rest. It returns the adapter that did best there, of all epochs and the start:
// the prior ratio, where the network can say it, else the head as it is.
func Adapter(ctx context.Context, s *Source, o Options) (*labelshift.Adapter, *Report, error) {
	if err := errors.Join(s.Check(), o.check(s)); err != nil {
		return nil, nil, err
	}
	t, err := newTrainer(s, o)
	if err != nil {
		return nil, nil, err
	}
	defer t.net.Close()
	best, err := t.adapter()
	if err != nil {
		return nil, nil, err
	}
	t.report.AdapterLoss = t.heldOut.loss(best)
	for epoch := range o.Epochs {
		a, better, err := t.advance(ctx, epoch)
		if err != nil {
			return nil, nil, fmt.Errorf("epoch %d: %w", epoch+1, err)
		}
		if better {
			best = a
		}
	}
	t.report.judge(t.heldOut, best)
	return best, t.report, nil
}

// advance trains for an epoch and returns what came of it, and whether that is the
// best so far.
func (t *trainer) advance(ctx context.Context, epoch int) (*labelshift.Adapter, bool, error) {
	loss, err := t.epoch(ctx, epoch)
	if err != nil {
		return nil, false, err
	}
	a, err := t.adapter()
	if err != nil {
		return nil, false, err
	}
	heldOut := t.heldOut.loss(a)
	if math.IsNaN(loss+heldOut) || math.IsInf(loss+heldOut, 0) {
		return nil, false, fmt.Errorf("losses of %g and, on held-out rows, %g: the training diverged, lower the rate of %g", loss, heldOut, t.o.Rate)
	}
	return a, t.report.add(loss, heldOut), nil
}

// trainer is one training under way.
type trainer struct {
	o       Options
	source  *Source // training rows
	prior   []float64
	heldOut *examination
	family  *family
	rng     *rand.Rand
	shape   labelshift.Adapter // all but the weights
	net     *grad.Net
	learn   []accel.ValueID
	report  *Report
}

func newTrainer(s *Source, o Options) (*trainer, error) {
	t := &trainer{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5f)), prior: o.SourcePrior}
	if t.prior == nil {
		if err := s.checkClasses(); err != nil {
			return nil, fmt.Errorf("%w, or give the source prior", err)
		}
		t.prior = s.Prior()
	}
	t.prior = shares(append([]float64(nil), t.prior...))
	t.family = newFamily(t.prior, t.rng)
	if t.family.balanced && o.Input == labelshift.InputDegree {
		return nil, errors.New("input degree tells how far a prior lies along the source's imbalance, and this source has none: use --input log_ratio")
	}
	order := t.rng.Perm(len(s.Labels))
	cut := len(order) * 4 / 5
	if cut < o.Batch || cut == len(order) {
		return nil, fmt.Errorf("%d rows leave %d to train on, less than one batch of %d", len(order), cut, o.Batch)
	}
	t.source = s.take(order[:cut])
	t.heldOut = examine(s.take(order[cut:]), t.prior, o)
	t.report = newReport(t, len(order)-cut)
	return t, t.compile(s)
}

// compile builds the network and what differentiates it.
func (t *trainer) compile(s *Source) (err error) {
	g := s.Graph
	t.shape = labelshift.Adapter{
		Model: g.Digest, Classes: g.Classes, Features: g.FeatureWidth, Outputs: t.o.Outputs, Input: t.o.Input,
		Tau: t.o.Tau, SourcePrior: t.prior,
	}
	if t.o.Outputs != labelshift.OutputsBias {
		t.shape.Head = g.Head.Weight.Data
	}
	n := newNetwork(t.o.sizes(g), g.Head, t.rng)
	t.learn = n.learn
	t.net, err = grad.New(&n.Program, grad.Config{Rows: t.o.Batch, Learn: n.learn})
	return err
}

// epoch takes one step a batch and returns their mean loss. The rows that fill no
// batch wait for another epoch's order.
func (t *trainer) epoch(ctx context.Context, epoch int) (float64, error) {
	order, rows := t.rng.Perm(len(t.source.Labels)), t.o.Batch
	steps, sum := len(order)/rows, 0.0
	for i := range steps {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		loss, err := t.step(t.source.take(order[i*rows : (i+1)*rows]))
		if err != nil {
			return 0, err
		}
		sum += loss
		if t.o.Progress != nil {
			t.o.Progress((epoch*steps+i+1)*rows, t.o.Epochs*steps*rows)
		}
	}
	return sum / float64(steps), nil
}

// step learns from a batch under one drawn prior.
func (t *trainer) step(b *Source) (float64, error) {
	target := t.family.draw()
	in := []*accel.Tensor{b.Logits}
	if t.o.Outputs != labelshift.OutputsBias {
		in = append(in, b.Features)
	}
	prior := t.shape.InputFor(target)
	in = append(in, accel.TensorOf(prior, 1, len(prior)), accel.TensorOf(offset(t.prior, target, t.o.Tau), 1, len(target)))
	truth := accel.NewTensor(b.Logits.Shape...)
	for i, y := range b.Labels {
		truth.Row(i)[y] = 1
	}
	loss, err := t.net.Backward(in, truth)
	if err != nil {
		return 0, err
	}
	return loss, t.net.Step(t.o.Rate)
}

// adapter is the network as it stands.
func (t *trainer) adapter() (*labelshift.Adapter, error) {
	p, err := t.net.Program()
	if err != nil {
		return nil, err
	}
	a := t.shape
	a.W1, a.B1, a.W2, a.B2 = p.Values[t.learn[0]].Const, p.Values[t.learn[1]].Const, p.Values[t.learn[2]].Const, p.Values[t.learn[3]].Const
	return &a, nil
}
