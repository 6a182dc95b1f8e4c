package tta

import (
	"fmt"
	"slices"
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

// Keep copies the given items, by place and in ascending order, with their rows
// into a batch of their own. What it returns shares no memory with b but what the
// items point to.
func (b *Batch) Keep(items []int) *Batch {
	kept := &Batch{Step: b.Step}
	var spans []span
	first, next := 0, 0
	for i, it := range b.Items {
		if next < len(items) && items[next] == i {
			kept.Items = append(kept.Items, it)
			kept.Rows += it.Rows
			spans = append(spans, span{first, first + it.Rows})
			next++
		}
		first += it.Rows
	}
	if next < len(items) {
		panic(fmt.Sprintf("tta: keep items %v of %d: not ascending, or not there", items, len(b.Items)))
	}
	for _, t := range b.Inputs {
		kept.Inputs = append(kept.Inputs, keptRows(t, spans, kept.Rows))
	}
	if b.Given != nil {
		kept.Given = &models.Output{Logits: keptRows(b.Given.Logits, spans, kept.Rows)}
		if b.Given.Features != nil {
			kept.Given.Features = keptRows(b.Given.Features, spans, kept.Rows)
		}
	}
	return kept
}

// span is the rows [from, to).
type span struct{ from, to int }

func keptRows(t *accel.Tensor, spans []span, rows int) *accel.Tensor {
	width := t.RowLen()
	kept := &accel.Tensor{Shape: slices.Clone(t.Shape), Data: make([]float32, 0, rows*width)}
	kept.Shape[0] = rows
	for _, s := range spans {
		kept.Data = append(kept.Data, t.Data[s.from*width:s.to*width]...)
	}
	return kept
}
