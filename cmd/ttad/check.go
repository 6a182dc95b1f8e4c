package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ttad/configs"
)

// inspection is a check that goes further than reading a valid configuration, such
// as loading its models.
type inspection func(ctx context.Context, f *configs.File) []configs.Error

// checked is what is said about one file.
type checked struct {
	File     string          `json:"file"`
	Valid    bool            `json:"valid"`
	Errors   []configs.Error `json:"errors"`
	Warnings []configs.Error `json:"warnings"`
}

func newCheckCommand(a *app, inspections ...inspection) *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Find every mistake in configurations",
		Long: `check reads configurations as 'ttad run' does and lists every mistake at once, each
with its line and column. Warnings are about what is allowed but may surprise.

It exits with 0 when all files are valid, and with 3 when it found a mistake, or a
warning under --strict.`,
		Example: `  ttad check ttad.yaml
  ttad check --strict --env NATS_URL=nats://127.0.0.1:4222 deploy/*.yaml
  ttad check --json ttad.yaml | jq '.[].errors[].message'`,
		GroupID: groupConfig,
		Args:    usageArgs(cobra.MinimumNArgs(1)),
	}
	env := addEnvFlag(a, cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count as mistakes")
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		var results []checked
		for _, path := range paths {
			r, err := a.check(cmd.Context(), env, path, inspections)
			if err != nil {
				return err
			}
			results = append(results, r)
		}
		if err := a.printChecked(results); err != nil {
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

func (a *app) check(ctx context.Context, env *envFlag, path string, inspections []inspection) (checked, error) {
	r := checked{File: path, Errors: []configs.Error{}, Warnings: []configs.Error{}}
	lookup, err := env.lookup()
	if err != nil {
		return r, err
	}
	f, err := configs.ReadFile(path, a.registry, lookup)
	var all *configs.Errors
	switch {
	case errors.As(err, &all):
		r.Errors = all.List
	case err != nil:
		r.Errors = append(r.Errors, configs.Error{File: path, Message: err.Error()})
	default:
		r.Warnings = append(r.Warnings, configs.Lint(f, readable)...)
		for _, inspect := range inspections {
			r.Errors = append(r.Errors, inspect(ctx, f)...)
		}
	}
	r.Valid = len(r.Errors) == 0
	return r, nil
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
