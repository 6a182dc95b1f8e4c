package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ttad/configs"
)

func newConfigCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Show, compare and start configurations",
		GroupID: groupConfig,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newConfigShowCommand(a), newConfigSchemaCommand(a), newConfigDiffCommand(a), newConfigExampleCommand(a))
	return cmd
}

func newConfigShowCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Print a configuration in full, with where each value comes from",
		Long: `show prints every field with its value. A comment says where the value comes from:
a line of the file, the environment, or the default. Secrets print as ***.`,
		Example: `  ttad config show ttad.yaml
  ttad config show --json ttad.yaml | jq .groups.cameras.batch`,
		Args: exactly(1),
	}
	env := addEnvFlag(a, cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		f, err := env.load(args[0])
		if err != nil {
			return err
		}
		if a.json {
			values, err := configs.Values(f)
			if err != nil {
				return err
			}
			return a.printJSON(values)
		}
		text, err := configs.Render(f)
		if err != nil {
			return err
		}
		_, err = io.WriteString(a.stdout, text)
		return err
	}
	return cmd
}

func newConfigSchemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configurations, for editors",
		Example: `  ttad config schema > ttad.schema.json
  # then, as the first line of ttad.yaml:
  # yaml-language-server: $schema=ttad.schema.json`,
		Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			text, err := configs.Schema(a.registry)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
}

func newConfigDiffCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "List what differs between two configurations and what each change takes",
		Long: `diff lists the fields that differ, after defaults and the environment. Each is hot,
taking effect between two batches; warm, rebuilding pipelines; or cold, needing a
restart. Groups and pipelines are matched by name.`,
		Example: `  ttad config diff running.yaml next.yaml`,
		Args:    exactly(2),
	}
	env := addEnvFlag(a, cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		old, err := env.load(args[0])
		if err != nil {
			return err
		}
		next, err := env.load(args[1])
		if err != nil {
			return err
		}
		return a.printChanges(configs.Diff(old, next))
	}
	return cmd
}

func (a *app) printChanges(changes []configs.Change) error {
	if a.json {
		return a.printJSON(append([]configs.Change{}, changes...))
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.stderr, "no difference")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range changes {
		fmt.Fprintf(w, "%s\t%s\t%s -> %s\n", c.Class, c.Path, orNothing(c.Old), orNothing(c.New))
	}
	return w.Flush()
}

// orNothing keeps a value short: a whole group added is one line, and --json has
// all of it.
func orNothing(s string) string {
	const most = 60
	if s == "" {
		return "(not set)"
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func newConfigExampleCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "example",
		Short:   "Print a commented configuration to start from",
		Example: `  ttad config example > ttad.yaml`,
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.stdout, configs.Example())
			return err
		},
	}
}
