package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ttad/internal/fit"
)

// labelshiftFlags are the flags of 'ttad fit labelshift'.
type labelshiftFlags struct {
	*fitFlags
	options fit.Options
	curve   string
}

func newFitLabelshiftCommand(a *app) *cobra.Command {
	f := &labelshiftFlags{options: fit.DefaultOptions()}
	cmd := &cobra.Command{
		Use:   "labelshift --model M.onnx --inputs X.npy --labels Y.npy -o ADAPTER.json",
		Short: "Train a label shift adapter, for labelshift in mode adapter",
		Long: `Labelshift trains the small network that turns a class distribution into a change
of the classifier head, by the generalized logit-adjusted loss, on four fifths of the
labelled source rows; the model stays frozen. On the last fifth it is compared with
the head as it is and with the prior ratio, which needs no training. Rows the model
was not trained on tell most: on those it has learned by heart there is nothing left
to correct.

The loss curve is drawn beside the output.`,
		Example: `  ttad fit labelshift --model resnet20.onnx --inputs x.npy --labels y.npy -o adapter.json \
    --layout nhwc --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  ttad fit labelshift --config ttad.yaml --inputs x.npy --labels y.npy --outputs bias -o adapter.json
  ttad fit labelshift --model resnet20.onnx --cached-logits a.npz:logits \
    --cached-features a.npz:features --labels a.npz:labels -o adapter.json`,
		Args: noArguments,
	}
	f.fitFlags = addFitFlags(a, cmd)
	flags, o := cmd.Flags(), &f.options
	flags.StringVar(&o.Outputs, "outputs", o.Outputs, "what the network changes: `bias, affine_bias or full`")
	flags.StringVar(&o.Input, "input", o.Input, "what it is given of a prior: `log_ratio or degree`")
	flags.IntVar(&o.Hidden, "hidden", o.Hidden, "`units` of its hidden layer")
	flags.IntVar(&o.Epochs, "epochs", o.Epochs, "`passes` over the training rows")
	flags.IntVar(&o.Batch, "batch", o.Batch, "`rows` of a training step")
	flags.Float64Var(&o.Rate, "rate", o.Rate, "learning `rate` of Adam")
	flags.Float64Var(&o.Tau, "tau", o.Tau, "`strength` of the loss' logit adjustment")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "`number` the split, the first weights and the priors follow from")
	flags.Float64SliceVar(&o.SourcePrior, "source-prior", nil, "class `shares` the model was trained on (default: those of the labels)")
	flags.StringVar(&f.curve, "curve", "", "draw the loss curve into `FILE` (default: beside the output, .svg)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		if f.curve == "" {
			f.curve = strings.TrimSuffix(f.out, filepath.Ext(f.out)) + ".svg"
		}
		if filepath.Clean(f.curve) == filepath.Clean(f.out) {
			return usageErrorf("%s--curve and --output are both %s; the adapter is JSON, the curve SVG", at(cmd), f.out)
		}
		if err := writable(f.curve); err != nil {
			return err
		}
		return a.fitLabelshift(cmd.Context(), f)
	}
	return cmd
}

func (a *app) fitLabelshift(ctx context.Context, f *labelshiftFlags) error {
	source, err := f.source(ctx, a)
	if err != nil {
		return err
	}
	f.options.Progress = a.progress("fit labelshift")
	adapter, report, err := fit.Adapter(ctx, source, f.options)
	if err != nil {
		return fmt.Errorf("fit labelshift: %w", err)
	}
	if err := save(f.out, adapter); err != nil {
		return err
	}
	if err := drawInto(f.curve, report.Curve); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			File  string `json:"file"`
			Curve string `json:"curve"`
			Model string `json:"model"`
			*fit.Report
		}{f.out, f.curve, adapter.Model, report})
	}
	if err := report.WriteText(a.stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s written, losses drawn in %s; use it with\n  labelshift: {mode: adapter, adapter: %s}\n", f.out, f.curve, f.out)
	return err
}
