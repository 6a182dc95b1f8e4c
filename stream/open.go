package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"ttad/models"
)

// GroupOptions is everything a group's input and output are built from.
type GroupOptions struct {
	Group      string
	Prefix     string // first token of ttad's own subjects
	Provision  bool   // create missing streams and consumers
	Model      string // digest, 12 hex digits
	Generation uint64 // of the configuration

	Ports   []models.Port // the model's inputs, or OutputPorts
	Outputs bool          // model kind outputs: messages carry what Ports names

	Input  InputConfig
	Batch  BatchConfig
	Output OutputConfig
	Commit CommitConfig
	DLQ    DeadLetterConfig
	Limits LimitsConfig

	// DrainTimeout bounds how long Run works on what it holds after its context
	// ended; 0 is ten seconds.
	DrainTimeout time.Duration
	Log          zerolog.Logger
	Now          func() time.Time // nil is the system clock
}

func (o GroupOptions) subjects() Subjects { return Subjects{Prefix: o.Prefix, Group: o.Group} }

func (o *GroupOptions) defaults() {
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Input.Subjects) == 0 {
		o.Input.Subjects = []string{o.subjects().In()}
	}
}

// Open finds, or with Provision makes, what the group needs on the server and
// returns its input and the committer for its answers.
func Open(ctx context.Context, conn *Conn, o GroupOptions) (*Input, Committer, error) {
	o.defaults()
	codec, err := NewCodec(CodecConfig{Ports: o.Ports, Input: o.Input, Limits: o.Limits, MaxRows: o.Batch.MaxRows})
	if err != nil {
		return nil, nil, fmt.Errorf("group %s: %w", o.Group, err)
	}
	core := o.Input.Stream == "none"
	if core && o.Commit.Mode != "none" {
		return nil, nil, fmt.Errorf("group %s: input.stream none delivers at most once, so commit.mode %s cannot hold; set commit.mode: none", o.Group, o.Commit.Mode)
	}
	in := &Input{o: o, conn: conn, codec: codec, beat: ackWait(o.Limits) / 3}
	if !core {
		if err := in.attach(ctx); err != nil {
			return nil, nil, fmt.Errorf("group %s: %w", o.Group, err)
		}
	}
	w := newWriter(o, conn.MaxPayload(), in.created)
	if o.Commit.Mode == "none" {
		return in, &unconfirmed{writer: w, conn: conn, log: o.Log}, nil
	}
	if err := ensureOutput(ctx, conn, o); err != nil {
		return nil, nil, fmt.Errorf("group %s: %w", o.Group, err)
	}
	return in, newOrdered(w, conn, o), nil
}
