package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ttad/internal/fit"
	"ttad/tta/labelshift"
)

func newFitConfusionCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "confusion --model M.onnx --inputs X.npy --labels Y.npy -o CONFUSION.json",
		Short: "Record the model's confusion matrix, for labelshift with estimate bbse",
		Long: `Confusion counts what the model answers for source rows of each class. Take rows
it was not trained on: on those it was, it errs too rarely, and the estimate that
rests on the matrix would take its errors on the stream for other classes.`,
		Example: `  ttad fit confusion --model model.onnx --inputs held_out.npy --labels held_out_y.npy -o confusion.json`,
		Args:    noArguments,
	}
	f := addFitFlags(a, cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		return a.fitConfusion(cmd.Context(), f)
	}
	return cmd
}

func (a *app) fitConfusion(ctx context.Context, f *fitFlags) error {
	source, err := f.source(ctx, a)
	if err != nil {
		return err
	}
	c, err := fit.Confusion(source)
	if err != nil {
		return fmt.Errorf("fit confusion: %w", err)
	}
	if err := save(f.out, c); err != nil {
		return err
	}
	return a.tellConfusion(c, f.out)
}

// tellConfusion says what was written, and what it is good for.
func (a *app) tellConfusion(c *labelshift.Confusion, file string) error {
	right, condition, refused := 0.0, c.Condition(), c.Invertible()
	for k := range c.Joint {
		right += c.Joint[k][k]
	}
	if a.json {
		return a.printJSON(map[string]any{
			"file": file, "model": c.Model, "rows": c.Rows, "accuracy": right, "condition": condition, "invertible": refused == nil,
		})
	}
	use := fmt.Sprintf(", condition number %.3g\nuse it with\n  labelshift: {estimate: bbse, confusion: %s}\n", condition, file)
	if refused != nil {
		use = fmt.Sprintf("\nestimate bbse would refuse it; only the source prior can be taken from it:\n%v\n", refused)
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %d rows, accuracy %.4f%s", file, c.Rows, right, use)
	return err
}
