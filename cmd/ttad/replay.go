package main

import (
	"context"
	"errors"
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
	group string
	files replay.Files
	out   string
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
same input are joined, so that several recordings make one stream.`,
		Example: `  ttad replay ttad.yaml --group cameras --inputs x.npy --labels y.npy
  ttad replay ttad.yaml --inputs x.npy --labels y.npy --order order.npy --out results/
  ttad replay ttad.yaml --inputs clean.npy --inputs noisy.npy --limit 2000 --json`,
		GroupID: groupRun,
		Args:    exactly(1),
	}
	env := addEnvFlag(a, cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.group, "group", "", "`name` of the group (default: the only one)")
	flags.StringArrayVar(&f.files.Inputs, "inputs", nil, "rows: `X.npy` or name=X.npy; may be repeated")
	flags.StringArrayVar(&f.files.Labels, "labels", nil, "true classes: `Y.npy`; one file an input file")
	flags.StringVar(&f.files.Order, "order", "", "row numbers in arrival order: `I.npy`")
	flags.IntVar(&f.files.Limit, "limit", 0, "stop after this many `rows`")
	flags.StringVar(&f.out, "out", "", "write probabilities, curves and summary into `DIR`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := env.load(args[0])
		if err != nil {
			return err
		}
		if len(f.files.Inputs) == 0 {
			return usageErrorf("replay: --inputs is needed, such as --inputs x.npy")
		}
		if f.files.Limit < 0 {
			return usageErrorf("replay: --limit is %d; leave it out for all rows", f.files.Limit)
		}
		return a.replay(cmd.Context(), cfg, filepath.Dir(args[0]), f)
	}
	return cmd
}

func (a *app) replay(ctx context.Context, cfg *configs.File, dir string, f *replayFlags) (err error) {
	name, err := pickGroup(cfg, f.group)
	if err != nil {
		return err
	}
	data, err := replay.Load(f.files)
	if err != nil {
		return err
	}
	log := newLogger(a.stderr, configs.LogConfig{Level: "warn", Format: cfg.Log.Format})
	devices, err := daemon.OpenDevices(cfg.Device, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, daemon.CloseDevices(devices)) }()

	group := cfg.Groups[name]
	group.Output.Source = true // a replay compares with the source
	g, err := daemon.OpenGroup(name, group, daemon.GroupOptions{Dir: dir, Devices: devices, Registry: a.registry, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	report, err := replay.Run(ctx, g, data, replay.Options{Out: f.out, Progress: a.progress("replay")})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(report)
	}
	return report.WriteText(a.stdout)
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
