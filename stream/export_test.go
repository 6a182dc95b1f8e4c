package stream

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"ttad/tta"
)

// ForgetAck makes a delivery's acknowledgement go nowhere, as when the process is
// killed before it leaves.
func ForgetAck(d *Delivery) { d.ack = nil }

// EncodeOutput writes the body of one answer.
func EncodeOutput(group, model string, generation uint64, cfg OutputConfig, p tta.Prediction, requestID string) []byte {
	return Encoder(group, model, generation, cfg)(p, requestID)
}

// Encoder writes the bodies of one answer after another.
func Encoder(group, model string, generation uint64, cfg OutputConfig) func(p tta.Prediction, requestID string) []byte {
	e := outputEncoder{rowEncoder: rowEncoder{cfg: cfg}, group: group, model: model, generation: generation}
	return func(p tta.Prediction, requestID string) []byte { return e.body(&p, requestID) }
}

// Serve runs the part of Input.Run that calls handle, on parcels closed already,
// with nobody to take them back but room for so many.
func Serve(ctx context.Context, parcels []*Parcel, room int, handle Handle) error {
	k := &intake{parcels: make(chan *Parcel, len(parcels)), answered: make(chan *Parcel, room)}
	for _, p := range parcels {
		k.parcels <- p
	}
	close(k.parcels)
	return k.serve(ctx, handle)
}

// Impatient shortens the wait for the server's word on a publish.
func Impatient(c *Conn, wait time.Duration) error { return c.openJetStream(wait) }

// DecodeLabels reads a feedback message; wrong has, for each label, why its class
// is not one.
func DecodeLabels(h nats.Header, body []byte, maxBytes int64, classes []string) (labels []tta.Label, wrong []string, err *CodedError) {
	sent, err := newLabelCodec(maxBytes, classes).decode(h, body)
	for _, l := range sent {
		labels, wrong = append(labels, l.Label), append(wrong, l.wrong)
	}
	return labels, wrong, err
}
