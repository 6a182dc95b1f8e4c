package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"ttad/configs"
	"ttad/stream"
)

// lookTimeout bounds the questions about one group.
const lookTimeout = 10 * time.Second

// Lack is something a group needs on the server and does not find there as it
// needs it. Its message has the command that mends it.
type Lack struct {
	Group string
	Err   error
}

// Look connects as a daemon would, creates nothing, and lists what the server
// lacks for the configuration. What a start would create (bus.provision) is no
// lack, and an embedded server is not there before a start. Its error is that of
// the connection.
func Look(ctx context.Context, cfg *configs.File, dir string) (lacks []Lack, err error) {
	if cfg.Bus.Embedded != nil {
		return nil, nil
	}
	conn, err := stream.Connect(ctx, resolved(cfg.Bus, dir), zerolog.Nop())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, name := range slices.Sorted(maps.Keys(cfg.Groups)) {
		for _, problem := range lookFor(ctx, conn, cfg, name) {
			lacks = append(lacks, Lack{Group: name, Err: problem})
		}
	}
	return lacks, nil
}

func lookFor(ctx context.Context, conn *stream.Conn, cfg *configs.File, name string) []error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	g := cfg.Groups[name]
	var problems []error
	if limit := conn.MaxPayload(); g.Limits.MessageBytes > limit {
		problems = append(problems, fmt.Errorf("limits.message_bytes is %d, the server takes messages of at most %d bytes (its max_payload)", g.Limits.MessageBytes, limit))
	}
	o := stream.GroupOptions{
		Group: name, Prefix: cfg.Bus.Prefix, Provision: cfg.Bus.Provision,
		Input: g.Input, Batch: g.Batch, Output: g.Output, Commit: g.Commit, DLQ: g.DLQ, Limits: g.Limits, Log: zerolog.Nop(),
	}
	problems = append(problems, stream.Missing(ctx, conn, o)...)
	if g.Feedback != nil {
		problems = append(problems, stream.MissingLabels(ctx, conn, stream.LabelOptions{GroupOptions: o, Feedback: *g.Feedback})...)
	}
	return problems
}
