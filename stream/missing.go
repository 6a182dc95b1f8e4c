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
	provision := o.Provision
	o.Provision = false
	var problems []error
	note := func(err error) {
		var lacks *MissingError
		if err != nil && !(provision && errors.As(err, &lacks)) {
			problems = append(problems, err)
		}
	}
	if o.Input.Stream != "none" {
		s, err := ensureInput(ctx, conn, o)
		note(err)
		if err == nil {
			_, err = ensureConsumer(ctx, conn, s, o)
			note(err)
		}
	}
	if o.Commit.Mode != "none" {
		note(ensureOutput(ctx, conn, o))
	}
	return problems
}
