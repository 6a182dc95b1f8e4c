package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Groups of commands in the help.
const (
	groupRun    = "run"
	groupConfig = "config"
	groupLook   = "look"
)

// newRootCommand lists every command. A new one is a file with its constructor
// and one line here.
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "ttad",
		Short: "Online test-time adaptation of streaming classifiers over NATS",
		Long: `ttad reads feature rows from NATS, runs a frozen classifier on them, lets
strategies adapt its statistics and outputs to the shifted data, and publishes
corrected predictions.

Data goes to stdout, as JSON with --json; words for people go to stderr. Exit codes:
0 done, 1 failed while running, 2 wrong usage, 3 a check found something, 69 the bus
cannot be reached, 78 the configuration is invalid.`,
		Example: `  ttad config example > ttad.yaml     # a commented configuration to start from
  ttad check ttad.yaml                # every mistake at once, with line and column
  ttad strategies alphabn             # what a strategy does and its parameters`,
		// Errors are reported once, in app.exit, with their exit code.
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%s%w", at(cmd), err)
	})
	root.SuggestionsMinimumDistance = 2
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print data on stdout as JSON")
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run:"},
		&cobra.Group{ID: groupConfig, Title: "Configure:"},
		&cobra.Group{ID: groupLook, Title: "Look:"},
	)
	root.AddCommand(
		newDemoCommand(a),
		newCheckCommand(a, a.inspectModels),
		newConfigCommand(a),
		newStrategiesCommand(a),
		newVersionCommand(a),
		newRunCommand(a),
		newReplayCommand(a),
		newTuneCommand(a),
		newModelCommand(a),
		newDevicesCommand(a),
		newFitCommand(a),
	)
	root.SetHelpCommandGroupID(groupLook)
	root.SetCompletionCommandGroupID(groupLook)
	return root
}

// noArguments refuses what is not a command, with the nearest one.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%sunknown command %q", at(cmd), args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, did you mean %s?", err, near[0])
	}
	return withCode(exitUsage, err)
}

// at opens a message with the command it is about; the program's own name is
// printed before every message anyway.
func at(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return ""
	}
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ") + ": "
}

// exactly asks for n arguments, named in the command's Use line.
func exactly(n int) cobra.PositionalArgs { return usageArgs(cobra.ExactArgs(n)) }

// usageArgs turns a refusal of arguments into a usage error that shows the
// command's usage line.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageErrorf("%s%w\nUsage: %s", at(cmd), err, cmd.UseLine())
		}
		return nil
	}
}
