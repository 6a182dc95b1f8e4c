// Package stream is everything NATS: consuming inputs, decoding them, batching
// them, publishing predictions and dead letters, in that order of travel. It
// speaks the domain's nouns (tta.Item, tta.Batch, tta.Prediction) and does no
// mathematics: no tensors are computed, no probabilities changed, no strategy is
// known here.
package stream
