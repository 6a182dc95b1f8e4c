package stream

import "ttad/tta"

// ForgetAck makes a delivery's acknowledgement go nowhere, as when the process is
// killed before it leaves.
func ForgetAck(d *Delivery) { d.ack = nil }

// EncodeOutput writes the body of one answer.
func EncodeOutput(group, model string, generation uint64, cfg OutputConfig, p tta.Prediction, requestID string) []byte {
	e := outputEncoder{rowEncoder: rowEncoder{cfg: cfg}, group: group, model: model, generation: generation}
	if cfg.Format == "oip" {
		return e.appendOIP(nil, &p, requestID)
	}
	return e.appendTTAD(nil, &p)
}
