package tta

import (
	"time"

	"ttad/accel"
	"ttad/models"
)

// Item is the identity of one input message. A message of n rows gives one
// prediction of n rows.
type Item struct {
	ID       string
	Stream   string // where it came from; empty outside JetStream
	Seq      uint64
	Subject  string
	Key      string // subject tokens after the input prefix
	Received time.Time
	Rows     int
	// Header holds what is carried through to the output.
	Header map[string][]string
	// SourceOnly rows are answered from the source view and never adapt anything;
	// the text says why.
	SourceOnly string
}

// Batch is the rows that share a forward, in arrival order: the first
// Items[0].Rows rows belong to Items[0], and so on.
type Batch struct {
	Step   uint64
	Rows   int
	Items  []Item
	Inputs []*accel.Tensor // one a model input, [Rows ...]

	// Given replaces the forward for models of kind "outputs": logits, and
	// features where the messages carry them.
	Given *models.Output
}
