package main

import (
	"errors"

	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/replay"
)

// addStreamFlags adds the flags that name a recorded stream.
func addStreamFlags(cmd *cobra.Command, f *replay.Files) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Inputs, "inputs", nil, "rows: `X.npy` or name=X.npy; may be repeated")
	flags.StringArrayVar(&f.Labels, "labels", nil, "true classes: `Y.npy`; one file an input file")
	flags.StringVar(&f.Order, "order", "", "row numbers in arrival order: `I.npy`")
	flags.IntVar(&f.Limit, "limit", 0, "stop after this many `rows`")
}

func checkStreamFlags(command string, f replay.Files) error {
	if len(f.Inputs) == 0 {
		return usageErrorf("%s: --inputs is needed, such as --inputs x.npy", command)
	}
	if f.Limit < 0 {
		return usageErrorf("%s: --limit is %d; leave it out for all rows", command, f.Limit)
	}
	return nil
}

// labelFlags say when learners hear of labels.
type labelFlags struct {
	late  bool
	delay int
	share float64
}

func (l *labelFlags) add(cmd *cobra.Command, f *replay.Files) {
	flags := cmd.Flags()
	flags.IntVar(&l.delay, "label-delay", 0, "let learners hear of a row's label when this many more `rows` were answered (default: never)")
	flags.Float64Var(&l.share, "label-share", 1, "`share` of the labels that learners hear of at all, drawn with the group's seed")
	flags.StringArrayVar(&f.Feedback, "feedback", nil, "tell learners these classes, -1 for none, instead of --labels: `F.npy`; one file an input file")
	flags.StringArrayVar(&f.Keys, "keys", nil, "whole numbers to group rows by, for the AUC within groups: `K.npy`; one file an input file")
}

// check refuses flags that would have no effect.
func (l *labelFlags) check(cmd *cobra.Command, f replay.Files) error {
	l.late = cmd.Flags().Changed("label-delay")
	switch {
	case l.delay < 0:
		return usageErrorf("%s: --label-delay is %d; 0 is right after the batch", cmd.Name(), l.delay)
	case !(l.share > 0 && l.share <= 1):
		return usageErrorf("%s: --label-share is %g, expected more than 0 and at most 1", cmd.Name(), l.share)
	case !l.late && cmd.Flags().Changed("label-share"):
		return usageErrorf("%s: --label-share needs --label-delay, without which no label reaches a learner", cmd.Name())
	case !l.late && len(f.Feedback) > 0:
		return usageErrorf("%s: --feedback needs --label-delay, without which no label reaches a learner", cmd.Name())
	case l.late && len(f.Feedback) == 0 && len(f.Labels) == 0:
		return usageErrorf("%s: --label-delay needs labels: --labels or --feedback", cmd.Name())
	case len(f.Keys) > 0 && len(f.Labels) == 0:
		return usageErrorf("%s: --keys needs --labels, for without them nothing is scored", cmd.Name())
	}
	return nil
}

// when is nil where learners hear nothing.
func (l labelFlags) when() *replay.Labels {
	if !l.late {
		return nil
	}
	return &replay.Labels{Delay: l.delay, Share: l.share}
}

// withRecorded opens the group and the recorded stream for use.
func (a *app) withRecorded(cfg *configs.File, dir, name string, files replay.Files, labels labelFlags,
	use func(g *daemon.Group, data *replay.Data) error) (err error) {
	if name, err = pickGroup(cfg, name); err != nil {
		return err
	}
	data, err := replay.Load(files)
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
	group.Output.Source = true // recorded rows are scored against the source
	ledger := replay.Labels{Delay: labels.delay}.Ledger(data.Rows(), group.Batch.MaxRows)
	g, err := daemon.OpenGroup(name, group, daemon.GroupOptions{Dir: dir, Devices: devices, Registry: a.registry, Ledger: &ledger, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	return use(g, data)
}
