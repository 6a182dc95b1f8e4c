// Package demo shows ttad at work on one machine and nothing else: it starts the
// real daemon with a NATS server inside it, publishes a stream of real images
// that drifts away from what the bundled model was trained on and comes back,
// sends labels of some of them late, reads the corrected predictions as any other
// client would, and compares the model's own answers and the corrected ones with
// the truth about images that got no labels.
//
// It contains no adaptation and no shortcut around the daemon. The numbers it
// shows are counted from the messages it received.
//
// The model, its training and the images are described in data/README.md.
// Next: package internal/daemon for what runs, internal/demo/train for the model.
package demo
