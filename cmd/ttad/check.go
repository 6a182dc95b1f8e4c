package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
)

// checked is what is said about one file.
type checked struct {
	File     string          `json:"file"`
	Valid    bool            `json:"valid"`
	Errors   []configs.Error `json:"errors"`
	Warnings []configs.Error `json:"warnings"`
	// Groups are those whose models could be looked into.
	Groups []*daemon.Inspection `json:"groups"`
}

func newCheckCommand(a *app, inspections ...inspection) *cobra.Command {
	var strict, online bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Find every mistake in configurations",
		Long: `check reads configurations as 'ttad run' does and lists every mistake at once, each
with its line and column. Models that are there are loaded and the pipelines built on
them; what one batch costs is printed. Warnings are about what is allowed but may
surprise. With --online it also connects and looks for the streams and consumers the
groups need, and prints the commands that make what is missing.

It exits with 0 when all files are valid, with 3 when it found a mistake, or a warning
under --strict, and with 69 when --online reaches no server.`,
		Example: `  ttad check ttad.yaml
  ttad check --strict --env NATS_URL=nats://127.0.0.1:4222 deploy/*.yaml
  ttad check --online ttad.yaml         # streams and consumers, too
  ttad check --json ttad.yaml | jq '.[].errors[].message'`,
		GroupID: groupConfig,
		Args:    usageArgs(cobra.MinimumNArgs(1)),
	}
	env := addEnvFlag(a, cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count as mistakes")
	cmd.Flags().BoolVar(&online, "online", false, "connect and look for what the groups need on the server")
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		lookup, err := env.lookup()
		if err != nil {
			return err
		}
		look := inspections
		if online {
			look = append(slices.Clone(inspections), a.inspectServer)
		}
		var results []checked
		var failed error
		for _, path := range paths {
			r, err := a.check(cmd.Context(), lookup, path, look)
			results = append(results, r)
			if failed = err; failed != nil {
				break
			}
		}
		if err := errors.Join(a.printChecked(results), failed); err != nil {
			return err
		}
		for _, r := range results {
			if !r.Valid || strict && len(r.Warnings) > 0 {
				return reported(exitFound)
			}
		}
		return nil
	}
	return cmd
}

func (a *app) check(ctx context.Context, lookup func(string) (string, bool), path string, inspections []inspection) (checked, error) {
	r := checked{File: path, Errors: []configs.Error{}, Warnings: []configs.Error{}, Groups: []*daemon.Inspection{}}
	var stopped error
	f, err := configs.ReadFile(path, a.registry, lookup)
	var all *configs.Errors
	switch {
	case errors.As(err, &all):
		r.Errors = all.List
	case err != nil:
		r.Errors = append(r.Errors, configs.Error{File: path, Message: err.Error()})
	default:
		r.Warnings = append(r.Warnings, configs.Lint(f, a.registry, readable)...)
		for _, inspect := range inspections {
			if stopped = inspect(ctx, f, &r); stopped != nil {
				break
			}
		}
	}
	r.Valid = len(r.Errors) == 0
	return r, stopped
}

// readable says why a file a configuration names cannot be used.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", path)
	}
	return err
}

func (a *app) printChecked(results []checked) error {
	if a.json {
		return a.printJSON(results)
	}
	p := a.painter(a.stderr)
	for _, r := range results {
		for _, e := range r.Errors {
			fmt.Fprintf(a.stderr, "%s %s\n", p.red("error:"), e.Error())
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(a.stderr, "%s %s\n", p.yellow("warning:"), w.Error())
		}
		for _, in := range r.Groups {
			fmt.Fprintf(a.stderr, "%s: %s\n", r.File, costText(in))
		}
		verdict := p.green("valid")
		if !r.Valid {
			verdict = p.red(count(len(r.Errors), "mistake"))
		}
		if n := len(r.Warnings); n > 0 {
			verdict += ", " + p.yellow(count(n, "warning"))
		}
		fmt.Fprintf(a.stderr, "%s: %s\n", r.File, verdict)
	}
	return nil
}
