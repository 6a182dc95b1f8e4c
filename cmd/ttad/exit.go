package main

import (
	"errors"
	"fmt"
)

// Exit codes are part of the interface. The last two are those of sysexits.h:
// service unavailable and configuration error.
const (
	exitOK          = 0
	exitFailed      = 1  // failed while running
	exitUsage       = 2  // wrong flags or arguments
	exitFound       = 3  // a check found something
	exitUnreachable = 69 // the bus cannot be reached
	exitConfig      = 78 // the configuration is invalid
)

// exitError is an error that knows its exit code. A silent one was already
// reported in the command's own way, such as check's list.
type exitError struct {
	code   int
	err    error
	silent bool
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// withCode gives err an exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: code, err: err}
}

// reported ends the command with a code after it has printed everything itself.
func reported(code int) error {
	return &exitError{code: code, err: errors.New("already reported"), silent: true}
}

func usageErrorf(format string, args ...any) error {
	return withCode(exitUsage, fmt.Errorf(format, args...))
}

// exit reports err on stderr, unless that happened, and returns its code. An
// error without a code is a failure while running.
func (a *app) exit(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailed
	var coded *exitError
	if errors.As(err, &coded) {
		code = coded.code
		if coded.silent {
			return code
		}
	}
	fmt.Fprintf(a.stderr, "%s %v\n", a.painter(a.stderr).red("ttad:"), err)
	if code == exitUsage {
		fmt.Fprintln(a.stderr, "See 'ttad help'.")
	}
	return code
}
