// Package stream is everything NATS: consuming inputs, decoding them, batching
// them, publishing predictions and dead letters, in that order of travel; taking
// labels that come later; publishing events. It speaks the domain's nouns
// (tta.Item, tta.Batch, tta.Prediction, tta.Label) and does no mathematics: no tensors are computed, no probabilities changed, no strategy is
// known here.
//
// Connect gives a Conn, Open gives an Input and a Committer for one group. The
// engine that owns the group's adaptation state is a callback:
//
//	err = input.Run(ctx, func(ctx context.Context, p *stream.Parcel) error {
//		answers := answer(ctx, p)               // step the group on p.Batch, or p.RefuseAll
//		_, err := committer.Commit(ctx, p, answers)
//		return err
//	})
//
// One input message gives exactly one output message or exactly one dead letter.
// With commit mode ordered an input is acknowledged, each message by itself, only
// after its output is stored, and the output carries a message id made of the
// input's stream, its creation time and the sequence, so that a repeat after a
// crash is dropped by the server within its duplicate window. Acknowledging one by
// one, rather than all up to the last, keeps this true when batches of different
// keys finish out of order and when a second instance shares the consumer.
//
// OpenLabels gives a group's labels, which have a consumer and a goroutine of their
// own, so that nothing about them holds up an input. A message is acknowledged once
// each of its labels has come to something; labels that come before their item are
// delivered again later:
//
//	err = labels.Run(ctx, func(ctx context.Context, l []tta.Label) ([]tta.Learned, error) {
//		return group.Learn(ctx, l) // one at a time with the handling of parcels
//	})
//
// What the wire looks like is docs/wire.md. Package stream/streamtest runs servers
// for tests; package internal/daemon wires the engine.
package stream
