package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/replay"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/stream"
)

// calibrateFlags are the flags of 'ttad model calibrate'.
type calibrateFlags struct {
	modelFlags
	input stream.InputConfig
	files replay.Files
	out   string
}

func newCalibrateCommand(a *app) *cobra.Command {
	f := &calibrateFlags{modelFlags: modelFlags{cfg: models.DefaultConfig()}, input: stream.DefaultInput()}
	cmd := &cobra.Command{
		Use:   "calibrate FILE --inputs SOURCE.npy -o STATS.json",
		Short: "Record source moments for a model whose BatchNormalization was folded away",
		Long: `Calibrate runs unlabeled source rows through the model and records mean and
variance of every convolution and linear output that no norm node follows. With
model.calibration set to the file, alphabn and bnema can re-standardise there. A few
hundred rows do. They should be what the model saw in training, augmented as there:
the moments a model stores are those of augmented rows, and plain ones make it
another model (docs/adr/0004).`,
		Example: `  ttad model calibrate folded.onnx --inputs source.npy -o stats.json \
    --layout nhwc --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(f.files.Inputs) == 0 || f.out == "" {
				return usageErrorf("model calibrate: --inputs and --output are needed\nUsage: %s", cmd.UseLine())
			}
			f.cfg.File = args[0]
			return a.calibrate(cmd.Context(), f)
		},
	}
	f.modelFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.files.Inputs, "inputs", nil, "source rows: `X.npy` or name=X.npy; may be repeated")
	flags.IntVar(&f.files.Limit, "limit", 0, "use this many `rows` at most")
	flags.StringVarP(&f.out, "output", "o", "", "`FILE` to write")
	flags.IntVar(&f.maxRows, "batch", 100, "`rows` of one forward")
	flags.StringVar(&f.input.Layout, "layout", f.input.Layout, "axis order of images, `nchw or nhwc`")
	flags.Float64Var(&f.input.Scale, "scale", f.input.Scale, "factor for uint8 values")
	flags.Float64SliceVar(&f.input.Mean, "mean", nil, "subtracted after scale, one value or one a channel (uint8 only)")
	flags.Float64SliceVar(&f.input.Std, "std", nil, "divided by after mean (uint8 only)")
	return cmd
}

func (a *app) calibrate(ctx context.Context, f *calibrateFlags) (err error) {
	data, err := replay.Load(f.files)
	if err != nil {
		return err
	}
	devices, err := daemon.OpenDevices(configs.DeviceConfig{Prefer: []string{"cpu"}, Threads: f.threads}, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, daemon.CloseDevices(devices)) }()
	g, err := onnx.Load(f.cfg, ".")
	if err != nil {
		return err
	}
	next, err := replay.Batches(data, stream.CodecConfig{
		Ports: g.Inputs, Input: f.input, Limits: unlimited(), MaxRows: f.maxRows,
	}, a.progress("calibrate"))
	if err != nil {
		return err
	}
	c, err := models.Calibrate(ctx, g, devices, f.maxRows, next)
	if err != nil {
		return err
	}
	return a.saveCalibration(c, f.out)
}

func (a *app) saveCalibration(c *models.Calibration, path string) error {
	text, err := c.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("write the calibration: %w", err)
	}
	if a.json {
		return a.printJSON(map[string]any{"file": path, "nodes": len(c.Nodes), "rows": c.Rows, "model": c.Model})
	}
	_, err = fmt.Fprintf(a.stdout, "%s: moments of %d nodes over %d rows\nuse it with\n  model: {file: ..., calibration: %s}\n", path, len(c.Nodes), c.Rows, path)
	return err
}

// unlimited lets files hold what messages may not.
func unlimited() stream.LimitsConfig {
	l := stream.DefaultLimits()
	l.RowElements = 100_000_000
	return l
}
