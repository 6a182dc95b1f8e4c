package stream

import (
	"context"
	"errors"
	"fmt"
)

// MissingError is something the server does not have: what, and the command that
// makes it. With Provision it would be made.
type MissingError struct{ what string }

// Error says what and how.
func (e *MissingError) Error() string { return e.what }

func missingf(format string, args ...any) error {
	return &MissingError{fmt.Sprintf(format, args...)}
}

// Missing looks for everything Open would need on the server, creates nothing, and
// lists what is not there (a *MissingError) or does not fit.
func Missing(ctx context.Context, conn *Conn, o GroupOptions) []error {
	o.defaults()
	l := lacks{provision: o.Provision}
	o.Provision = false
	if o.Input.Stream != "none" {
		l.reads(ctx, conn, o.inputStorage(), o.inputConsumer())
	}
	if o.Commit.Mode != "none" {
		l.note(ensureOutput(ctx, conn, o))
	}
	return l.problems
}

// MissingLabels does the same for what OpenLabels needs beyond that.
func MissingLabels(ctx context.Context, conn *Conn, o LabelOptions) []error {
	o.defaults()
	l := lacks{provision: o.Provision}
	o.Provision = false
	if o.Feedback.Stream != "none" {
		l.reads(ctx, conn, o.storage(), o.consumer())
	}
	return l.problems
}

// lacks collects what is wrong on a server. What provisioning would make is not.
type lacks struct {
	provision bool
	problems  []error
}

func (l *lacks) note(err error) {
	var missing *MissingError
	if err != nil && !(l.provision && errors.As(err, &missing)) {
		l.problems = append(l.problems, err)
	}
}

func (l *lacks) reads(ctx context.Context, conn *Conn, from storage, by durable) {
	s, err := from.ensure(ctx, conn)
	l.note(err)
	if err == nil {
		_, err = by.ensure(ctx, s)
		l.note(err)
	}
}
