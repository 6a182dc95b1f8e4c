package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"ttad/tta"
)

// app is what every command is given: the process' streams, its environment and
// the strategies this build has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	registry       *tta.Registry
	json           bool // --json: data on stdout is JSON
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, env: os.LookupEnv, registry: registry()}
}

// printJSON writes one indented JSON value to stdout.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// isTerminal says whether w is a terminal, where progress and colors make sense.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// painter colors words where a person reads them on a terminal and did not refuse
// colors with NO_COLOR.
type painter bool

func (a *app) painter(w io.Writer) painter {
	refused, _ := a.env("NO_COLOR")
	kind, _ := a.env("TERM")
	return painter(isTerminal(w) && refused == "" && kind != "dumb")
}

func (p painter) code(sequence, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + sequence + "m" + s + "\x1b[0m"
}

func (p painter) bold(s string) string   { return p.code("1", s) }
func (p painter) red(s string) string    { return p.code("31", s) }
func (p painter) green(s string) string  { return p.code("32", s) }
func (p painter) yellow(s string) string { return p.code("33", s) }
