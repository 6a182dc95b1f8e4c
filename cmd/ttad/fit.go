package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"ttad/accel"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/fit"
	"ttad/internal/replay"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/stream"
)

func newFitCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fit WHAT",
		Short: "Make what a strategy needs from labelled source rows",
		Long: `Fit runs the frozen model over labelled source rows once, and makes from what it
answers the file a strategy wants. The model itself stays as it is.`,
		Example: `  ttad fit labelshift --model model.onnx --inputs source.npy --labels source_y.npy -o adapter.json
  ttad fit confusion --config ttad.yaml --inputs held_out.npy --labels held_out_y.npy -o confusion.json`,
		GroupID: groupLook,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFitLabelshiftCommand(a), newFitConfusionCommand(a))
	return cmd
}

// fitFlags say where labelled source rows come from.
type fitFlags struct {
	modelFlags
	config, group                string
	env                          *envFlag
	input                        stream.InputConfig
	files                        replay.Files
	labels                       []string
	cachedLogits, cachedFeatures string
	out                          string
}

func addFitFlags(a *app, cmd *cobra.Command) *fitFlags {
	f := &fitFlags{modelFlags: modelFlags{cfg: models.DefaultConfig()}, input: stream.DefaultInput(), env: addEnvFlag(a, cmd)}
	f.modelFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.cfg.File, "model", "", "ONNX `FILE`")
	flags.StringVar(&f.config, "config", "", "take model and input of a group from a configuration `FILE` instead")
	flags.StringVar(&f.group, "group", "", "`name` of the group (default: the only one)")
	flags.StringArrayVar(&f.files.Inputs, "inputs", nil, "source rows: `X.npy` or name=X.npy; may be repeated")
	flags.StringArrayVar(&f.labels, "labels", nil, "their classes: `Y.npy` or A.npz:name; one file an input file")
	flags.StringVar(&f.cachedLogits, "cached-logits", "", "instead of --inputs, what the model gave: `L.npy` or A.npz:name")
	flags.StringVar(&f.cachedFeatures, "cached-features", "", "with --cached-logits: `F.npy` or A.npz:name")
	flags.IntVar(&f.files.Limit, "limit", 0, "use this many `rows` at most")
	flags.StringVarP(&f.out, "output", "o", "", "`FILE` to write")
	flags.IntVar(&f.maxRows, "rows", 100, "`rows` of one forward")
	flags.StringVar(&f.input.Layout, "layout", f.input.Layout, "axis order of images, `nchw or nhwc`")
	flags.Float64Var(&f.input.Scale, "scale", f.input.Scale, "`factor` for uint8 values")
	flags.Float64SliceVar(&f.input.Mean, "mean", nil, "`values` subtracted after scale, one or one a channel (uint8 only)")
	flags.Float64SliceVar(&f.input.Std, "std", nil, "`values` divided by after mean (uint8 only)")
	return f
}

// check finds what is missing before anything is read.
func (f *fitFlags) check(cmd *cobra.Command) error {
	switch {
	case (f.cfg.File == "") == (f.config == ""):
		return usageErrorf("%seither --model or --config is needed", at(cmd))
	case (len(f.files.Inputs) == 0) == (f.cachedLogits == ""):
		return usageErrorf("%seither --inputs or --cached-logits is needed", at(cmd))
	case len(f.labels) == 0 || f.out == "":
		return usageErrorf("%s--labels and --output are needed\nUsage: %s", at(cmd), cmd.UseLine())
	case f.cachedFeatures != "" && f.cachedLogits == "":
		return usageErrorf("%s--cached-features goes with --cached-logits", at(cmd))
	case f.group != "" && f.config == "":
		return usageErrorf("%s--group goes with --config", at(cmd))
	case f.maxRows < 1:
		return usageErrorf("%s--rows is %d; a forward takes at least 1", at(cmd), f.maxRows)
	case f.files.Limit < 0:
		return usageErrorf("%s--limit is %d; leave it out for all rows", at(cmd), f.files.Limit)
	}
	for _, name := range []string{"layout", "scale", "mean", "std", "logits", "features"} {
		if f.config != "" && cmd.Flags().Changed(name) {
			return usageErrorf("%s--%s would have no effect: with --config, model and input are the group's", at(cmd), name)
		}
	}
	return writable(f.out)
}

// source loads the model and what it makes of the rows.
func (f *fitFlags) source(ctx context.Context, a *app) (*fit.Source, error) {
	g, err := f.graph()
	if err != nil {
		return nil, err
	}
	var s *fit.Source
	if f.cachedLogits != "" {
		s, err = f.cached(g)
	} else {
		s, err = f.forward(ctx, a, g)
	}
	if err != nil {
		return nil, err
	}
	s.Labels, err = fit.ReadLabels(f.labels)
	if rows := s.Logits.Rows(); err == nil && f.files.Limit > 0 && len(s.Labels) > rows {
		s.Labels = s.Labels[:rows]
	}
	return s, err
}

// graph loads the model; with --config, the group's preprocessing comes along.
func (f *fitFlags) graph() (*models.Graph, error) {
	dir := "."
	if f.config != "" {
		cfg, err := f.env.load(f.config)
		if err != nil {
			return nil, err
		}
		name, err := pickGroup(cfg, f.group)
		if err != nil {
			return nil, err
		}
		f.cfg, f.input, dir = cfg.Groups[name].Model, cfg.Groups[name].Input, filepath.Dir(f.config)
		if f.cfg.Kind != models.KindONNX {
			return nil, fmt.Errorf("group %s: its model is of kind %s, and there is no file to fit to: give the ONNX file with --model", name, f.cfg.Kind)
		}
	}
	return onnx.Load(f.cfg, dir)
}

func (f *fitFlags) cached(g *models.Graph) (*fit.Source, error) {
	logits, err := fit.ReadMatrix(f.cachedLogits)
	if err != nil {
		return nil, err
	}
	s := &fit.Source{Graph: g, Logits: f.limited(logits)}
	if f.cachedFeatures != "" {
		features, err := fit.ReadMatrix(f.cachedFeatures)
		if err != nil {
			return nil, err
		}
		s.Features = f.limited(features)
	}
	return s, nil
}

// limited returns the first rows, as many as are to be used.
func (f *fitFlags) limited(t *accel.Tensor) *accel.Tensor {
	if n := f.files.Limit; n > 0 && n < t.Rows() {
		return accel.TensorOf(t.Data[:n*t.RowLen()], n, t.RowLen())
	}
	return t
}

func (f *fitFlags) forward(ctx context.Context, a *app, g *models.Graph) (s *fit.Source, err error) {
	data, err := replay.Load(f.files)
	if err != nil {
		return nil, err
	}
	devices, err := daemon.OpenDevices(configs.DeviceConfig{Prefer: []string{"cpu"}, Threads: f.threads}, zerolog.Nop())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, daemon.CloseDevices(devices)) }()
	next, err := replay.Batches(data, stream.CodecConfig{
		Ports: g.Inputs, Input: f.input, Limits: unlimited(), MaxRows: f.maxRows,
	}, a.progress("forward"))
	if err != nil {
		return nil, err
	}
	return fit.Forward(ctx, g, devices, f.maxRows, next)
}
