package stream

import (
	"slices"
	"time"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// maxSpareParcels bounds the memory kept for batches to come.
const maxSpareParcels = 4

// Batcher collects messages until a batch is full, large or old enough. It never
// splits a message and keeps arrival order within a batch. Time is an argument, so
// it has no clock of its own; it belongs to one goroutine.
type Batcher struct {
	cfg   BatchConfig
	given bool      // inputs are logits and features, for models of kind outputs
	open  []*Parcel // oldest first; one, or one a key
	byKey map[string]*Parcel
	spare []*Parcel
}

// NewBatcher batches for a model run here, or, with outputs, for one run elsewhere.
func NewBatcher(cfg BatchConfig, outputs bool) *Batcher {
	return &Batcher{cfg: cfg, given: outputs, byKey: map[string]*Parcel{}}
}

// Add puts a message in its batch, copying its tensors, and returns the batches
// this closes, in the order they are to be answered. inputs is empty for a
// refused message. A message for itself closes everything before it.
func (b *Batcher) Add(now time.Time, d *Delivery, inputs []*accel.Tensor) []*Parcel {
	if d.Alone {
		closed := b.Flush("alone")
		p := b.take(now, "")
		b.put(p, d, inputs)
		return append(closed, b.finish(p, "alone"))
	}
	key, rival := b.keysOf(d)
	var closed []*Parcel
	if p := b.byKey[rival]; p != nil && p.hasKey(d.Item.Key) {
		closed = append(closed, b.close(p, "order"))
	}
	p := b.byKey[key]
	if p != nil {
		if why := b.overfull(p, d); why != "" {
			closed = append(closed, b.close(p, why))
			p = nil
		}
	}
	if p == nil {
		if len(b.open) > 0 && len(b.open) >= b.cfg.MaxKeys {
			closed = append(closed, b.close(b.open[0], "key"))
		}
		p = b.take(now, key)
		b.open, b.byKey[key] = append(b.open, p), p
	}
	b.put(p, d, inputs)
	if why := b.full(now, p); why != "" {
		closed = append(closed, b.close(p, why))
	}
	return closed
}

// sourceOnlyKey opens the key of messages that may be answered from the source
// view only. No subject has such a token.
const sourceOnlyKey = " source only "

// keysOf says whose batch a message shares, and which batch may hold earlier
// messages of its key beside that. Rows that must not adapt anything keep to
// themselves: a batch's rows share their statistics, so one of them would take
// the whole batch out of adaptation.
func (b *Batcher) keysOf(d *Delivery) (key, rival string) {
	if b.cfg.GroupBy == "key" {
		key = d.Item.Key
	}
	if d.Item.SourceOnly != "" {
		return sourceOnlyKey + key, key
	}
	return key, sourceOnlyKey + key
}

// hasKey says whether p holds a message of a key: a later one of that key in
// another batch must not be answered before it.
func (p *Parcel) hasKey(key string) bool {
	return slices.ContainsFunc(p.Deliveries, func(d *Delivery) bool { return d.Item.Key == key })
}

// overfull says why d does not fit behind what p holds already.
func (b *Batcher) overfull(p *Parcel, d *Delivery) string {
	switch {
	case p.cost+d.rowCost() > b.cfg.MaxRows:
		return "rows"
	case p.Bytes+int64(len(d.Body)) > b.cfg.MaxBytes:
		return "bytes"
	}
	return ""
}

// full says why p need not wait for more.
func (b *Batcher) full(now time.Time, p *Parcel) string {
	switch {
	case p.cost >= b.cfg.MaxRows:
		return "rows"
	case p.Bytes >= b.cfg.MaxBytes:
		return "bytes"
	case !now.Before(p.opened.Add(b.cfg.MaxDelay)):
		return "age"
	}
	return ""
}

// NextDue returns when the oldest open batch closes by age.
func (b *Batcher) NextDue() (time.Time, bool) {
	if len(b.open) == 0 {
		return time.Time{}, false
	}
	return b.open[0].opened.Add(b.cfg.MaxDelay), true
}

// Due closes the batches that are old enough at now.
func (b *Batcher) Due(now time.Time) []*Parcel {
	var closed []*Parcel
	for len(b.open) > 0 && b.full(now, b.open[0]) != "" {
		closed = append(closed, b.close(b.open[0], "age"))
	}
	return closed
}

// Flush closes everything.
func (b *Batcher) Flush(why string) []*Parcel {
	var closed []*Parcel
	for len(b.open) > 0 {
		closed = append(closed, b.close(b.open[0], why))
	}
	return closed
}

// Recycle gives back a parcel nobody looks at any more. It is the one method
// whose argument the engine held; the caller hands it over.
func (b *Batcher) Recycle(p *Parcel) {
	if len(b.spare) < maxSpareParcels {
		clear(p.Deliveries)
		clear(p.byItem)
		clear(p.Batch.Items)
		b.spare = append(b.spare, p)
	}
}

func (b *Batcher) close(p *Parcel, why string) *Parcel {
	i := slices.Index(b.open, p)
	b.open = slices.Delete(b.open, i, i+1)
	delete(b.byKey, p.key)
	return b.finish(p, why)
}

func (b *Batcher) take(now time.Time, key string) *Parcel {
	p := &Parcel{}
	if n := len(b.spare); n > 0 {
		p, b.spare = b.spare[n-1], b.spare[:n-1]
	}
	*p = Parcel{
		Batch:      tta.Batch{Items: p.Batch.Items[:0], Inputs: p.Batch.Inputs},
		Deliveries: p.Deliveries[:0], byItem: p.byItem[:0], opened: now, key: key,
	}
	for _, t := range p.Batch.Inputs {
		t.Data = t.Data[:0]
	}
	return p
}

// put copies one message behind the others.
func (b *Batcher) put(p *Parcel, d *Delivery, inputs []*accel.Tensor) {
	p.Deliveries = append(p.Deliveries, d)
	p.Bytes += int64(len(d.Body))
	p.cost += d.rowCost()
	d.at = -1
	if d.Refused != nil {
		return
	}
	for len(p.Batch.Inputs) < len(inputs) {
		p.Batch.Inputs = append(p.Batch.Inputs, &accel.Tensor{})
	}
	for i, t := range inputs {
		into := p.Batch.Inputs[i]
		into.Data = append(into.Data, t.Data...)
		into.Shape = append(into.Shape[:0], t.Shape...)
	}
	d.at = len(p.Batch.Items)
	p.Batch.Items = append(p.Batch.Items, d.Item)
	p.byItem = append(p.byItem, d)
	p.Batch.Rows += d.Item.Rows
}

// finish sets what is known once nothing more comes.
func (b *Batcher) finish(p *Parcel, why string) *Parcel {
	p.Closed = why
	for _, t := range p.Batch.Inputs {
		if p.Batch.Rows > 0 {
			t.Shape[0] = p.Batch.Rows
		}
	}
	if b.given && p.Batch.Rows > 0 {
		p.Batch.Given = &models.Output{Logits: p.Batch.Inputs[0]}
		if len(p.Batch.Inputs) > 1 {
			p.Batch.Given.Features = p.Batch.Inputs[1]
		}
	}
	return p
}
