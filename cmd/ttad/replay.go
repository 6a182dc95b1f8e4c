package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/replay"
)

// replayFlags are the flags of 'ttad replay'.
type replayFlags struct {
	group  string
	files  replay.Files
	labels labelFlags
	out    string
}

func newReplayCommand(a *app) *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay FILE --inputs X.npy",
		Short: "Run a group over recorded rows and score every pipeline",
		Long: `Replay runs one group of a configuration over rows from .npy files instead of
NATS: the same decoding, model, pipelines and guard, in batches of batch.max_rows
in arrival order, the last one short. With labels it scores every pipeline and the
source model; with --out it writes probabilities, accuracy curves and a summary.

X holds one row an entry, uint8 or float, in the axis order of input.layout. A
model with several inputs takes --inputs name=X.npy for each. Files given for the
same input are joined, so that several recordings make one stream.

Strategies that learn from labels hear of them with --label-delay N: a row's label
comes when N more rows have been answered, between two batches. Every row is scored
as it was answered, before anything was learned from it.`,
		Example: `  ttad replay ttad.yaml --group cameras --inputs x.npy --labels y.npy
  ttad replay ttad.yaml --inputs x.npy --labels y.npy --order order.npy --out results/
  ttad replay ttad.yaml --inputs clean.npy --inputs noisy.npy --limit 2000 --json
  ttad replay ttad.yaml --inputs x.npy --labels y.npy --label-delay 500 --label-share 0.1`,
		GroupID: groupRun,
		Args:    exactly(1),
	}
	env := addEnvFlag(a, cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.group, "group", "", "`name` of the group (default: the only one)")
	addStreamFlags(cmd, &f.files)
	f.labels.add(cmd, &f.files)
	flags.StringVar(&f.out, "out", "", "write probabilities, curves and summary into `DIR`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := env.load(args[0])
		if err != nil {
			return err
		}
		if err := checkStreamFlags("replay", f.files); err != nil {
			return err
		}
		if err := f.labels.check(cmd, f.files); err != nil {
			return err
		}
		return a.replay(cmd.Context(), cfg, filepath.Dir(args[0]), f)
	}
	return cmd
}

func (a *app) replay(ctx context.Context, cfg *configs.File, dir string, f *replayFlags) error {
	return a.withRecorded(cfg, dir, f.group, f.files, f.labels, func(g *daemon.Group, data *replay.Data) error {
		report, err := replay.Run(ctx, g, data, replay.Options{Out: f.out, Labels: f.labels.when(), Progress: a.progress("replay")})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(report)
		}
		return report.WriteText(a.stdout)
	})
}

// pickGroup takes the named group, or the only one.
func pickGroup(cfg *configs.File, name string) (string, error) {
	names := slices.Sorted(maps.Keys(cfg.Groups))
	switch {
	case name == "" && len(names) == 1:
		return names[0], nil
	case name == "":
		return "", usageErrorf("the configuration has %d groups; choose one with --group: %s", len(names), strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return "", usageErrorf("no group %q in the configuration; there is %s", name, strings.Join(names, ", "))
	}
	return name, nil
}

// progress draws a bar of rows on terminals, under what is being done, and nothing
// elsewhere.
func (a *app) progress(what string) func(done, total int) {
	if !isTerminal(a.stderr) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowIts(),
				progressbar.OptionSetItsString("rows"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
				progressbar.OptionSetDescription(what), progressbar.OptionThrottle(100_000_000))
		}
		// A terminal that cannot be drawn on is no reason to stop the work.
		_ = bar.Set(done)
		if done == total {
			fmt.Fprintln(a.stderr)
		}
	}
}
