package tta

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/models"
)

// Strategy is an adaptation method. It asks for one method; every stage below
// is an optional interface, found once when the pipeline is built.
//
// Stages keep the laws of tta/ttatest: Prepare, Correct and Decide read state,
// Update writes it; probs is the strategy's own, Output is shared and read-only;
// rows stay finite, non-negative and sum to 1, in their order; a batch of one row
// works; one goroutine calls a strategy.
type Strategy interface {
	Needs() Needs
}

// Needs says what a strategy wants kept from the forward and which part of the
// model it owns. Two strategies that own the same part are refused when the
// pipeline is built.
type Needs struct {
	Keep models.Keep
	Owns Part
	// Remember is how many values a Learner keeps of each row until its label comes.
	Remember int
	// Labels is set where a strategy does nothing at all without labels.
	Labels bool
	// Keyed is set where what a strategy has learned is found by features, or is
	// about probabilities, that the strategies before it shape: when one of those
	// changes, its state means nothing and is not carried over.
	Keyed bool
}

// Part is a part of the model an overlay can change.
type Part string

// Parts of a model.
const (
	OwnsNothing Part = ""
	OwnsNorm    Part = "norm"
	// OwnsHead is the classifier head. Its owner computes probabilities from
	// features anew, so it comes before every other corrector.
	OwnsHead Part = "head"
)

// words names the part in a message.
func (p Part) words() string {
	if p == OwnsHead {
		return "classifier head"
	}
	return string(p) + " statistics"
}

// Preparer sets up the overlay before the forward.
type Preparer interface {
	Prepare(ctx context.Context, b *Batch, o *models.Overlay) error
}

// Corrector changes probs [rows classes] in place after the forward.
type Corrector interface {
	Correct(ctx context.Context, b *Batch, out *models.Output, probs *accel.Tensor) error
}

// Decider replaces the argmax: it writes a class and its score for every row and
// leaves the probabilities alone. It comes last in a pipeline.
type Decider interface {
	Decide(ctx context.Context, b *Batch, out *models.Output, probs *accel.Tensor, class []int32, score []float32) error
	// Labels names the classes it can answer with, the model's first; nil means
	// exactly the model's.
	Labels() []string
}

// Updater learns from a batch, without labels, after publishing. probs is what
// the pipeline answered.
type Updater interface {
	Update(ctx context.Context, b *Batch, out *models.Output, probs *accel.Tensor) error
}

// Stateful strategies carry something from batch to batch. Restore of a
// snapshot continues exactly; of rubbish it errs and changes nothing; Reset
// equals newly built.
type Stateful interface {
	Snapshot() ([]byte, error)
	Restore([]byte) error
	Reset()
}

// Forward runs the model on a batch under an overlay. The output's memory may
// be used again by the next call.
type Forward func(ctx context.Context, b *Batch, o *models.Overlay, keep models.Keep) (*models.Output, error)

// Env is what a strategy's constructor is given. Randomness and time come from
// here, so that the same seed and input give the same bits.
type Env struct {
	Pipeline     string
	Classes      int
	Labels       []string // class names, nil where none are known
	FeatureWidth int      // 0 where the model has no features
	Norms        []models.NormNode
	Model        string // name for messages
	Digest       string // of the model's file, 12 hex digits; empty where there is no file
	// OutputsOnly is set for models of kind "outputs": there is no forward to change.
	OutputsOnly bool
	// FoldedBN lists layers whose BatchNormalization the export merged away.
	FoldedBN []string
	// Dir is the folder that relative paths in parameters start from; empty
	// means the working directory.
	Dir string
	// Index makes an index of keys on the group's device. Nil means that a
	// strategy searches by itself.
	Index func(dim, capacity int) (accel.Index, error)
	// ISA is what arithmetic beside the model is written in, by the names of package
	// accel/dense; empty means the fastest.
	ISA string
	// Forward runs the model on the batch again, under another overlay. Its
	// output is good until the next forward. Nil where OutputsOnly is set.
	Forward Forward
	Rand    *rand.Rand
	Now     func() time.Time
	Log     zerolog.Logger
}

// Spec describes a strategy to the registry, the configuration and the docs.
type Spec struct {
	Name     string // as in YAML
	Title    string
	Summary  string // one sentence
	Doc      string // Markdown: what it does, equations, when it helps, when it harms
	Citation string // paper, year, arXiv id
	// Place is where in a pipeline it does best, by its default parameters.
	Place Place
	// NewConfig returns a pointer to the strategy's Config holding defaults. Its
	// fields carry the tags package configs reads.
	NewConfig func() any
	// New builds the strategy from a decoded and validated Config.
	New func(env Env, cfg any) (Strategy, error)
	// Example is a YAML fragment for docs, such as "alphabn: {source_weight: 0.9}".
	Example string
}
