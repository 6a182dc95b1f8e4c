package main

import (
	"errors"

	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/demo"
)

func newDemoCommand(a *app) *cobra.Command {
	o := demo.DefaultOptions()
	verbose := false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a drifting stream being corrected; needs nothing else",
		Long: `Demo starts a NATS server and the daemon in this process, publishes real images
that drift away from what the bundled model was trained on and come back, and
sends the classes of some of them 300 rows later, as people would who look at a
few. It compares the model's own answers and those of three pipelines, each of
which has something the one before it lacks, with the truth about the images
nobody looked at. On a terminal it draws all accuracies live; Ctrl-C drains and
sums up.`,
		Example: `  ttad demo
  ttad demo --rows 3000 --seed 7
  ttad demo --json > summary.json         # the summary as one JSON object
  ttad demo --keep                        # leave the server up, to watch with 'nats sub'`,
		GroupID: groupRun,
		Args:    exactly(0),
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Rows, "rows", o.Rows, "`rows` of the whole stream")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "seed of the order, the corruptions and what gets labels")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "most `rows` published a second; 0 is as fast as they are answered")
	flags.BoolVar(&o.Keep, "keep", false, "leave the server running afterwards and print its address")
	flags.StringVar(&o.Figure, "out", o.Figure, "`FILE.svg` for the accuracy curves; empty is none")
	flags.BoolVar(&verbose, "verbose", false, "print the daemon's log lines instead of the live view")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Text = a.stderr
		switch {
		case verbose:
			o.Log = newLogger(a.stderr, configs.LogConfig{Level: "info", Format: "auto"})
		case isTerminal(a.stderr) && !a.json:
			o.Terminal, o.Keys = a.stderr, a.stdin
		}
		summary, err := demo.Run(cmd.Context(), o)
		if summary == nil {
			return err
		}
		// A figure that cannot be written is no reason to keep the numbers back.
		if a.json {
			return errors.Join(err, a.printJSON(summary))
		}
		return errors.Join(err, summary.Print(a.stdout))
	}
	return cmd
}
