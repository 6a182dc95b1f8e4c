package fit

import (
	"fmt"
	"io"
	"math"

	"ttad/internal/chart"
	"ttad/tta/labelshift"
)

// Report is what a training came to. Losses are generalized logit-adjusted ones on
// the held-out rows, unless said otherwise; errors are shares of those rows drawn
// anew under shifted priors, which were estimated as on a stream.
type Report struct {
	Rows       int     `json:"rows"`
	HeldOut    int     `json:"held_out"`
	Outputs    string  `json:"outputs"`
	Parameters int     `json:"parameters"`
	Epochs     []Epoch `json:"epochs"`
	Best       int     `json:"best_epoch"` // from 1; 0 is the start

	SourceLoss  float64 `json:"source_loss"` // the plain head
	RatioLoss   float64 `json:"ratio_loss"`  // the prior ratio
	AdapterLoss float64 `json:"adapter_loss"`
	// Gain is the ratio's loss minus the adapter's, a mean over rows, with a 95 %
	// interval.
	Gain     float64 `json:"gain"`
	GainLow  float64 `json:"gain_low"`
	GainHigh float64 `json:"gain_high"`
	Helped   bool    `json:"helped"` // the interval lies above 0

	SourceError  float64 `json:"source_error"`
	RatioError   float64 `json:"ratio_error"`
	AdapterError float64 `json:"adapter_error"`

	network sizes
}

// Epoch is one pass over the training rows.
type Epoch struct {
	Train   float64 `json:"train"` // mean loss of its steps
	HeldOut float64 `json:"held_out"`
}

func newReport(t *trainer, heldOut int) *Report {
	z := t.o.sizes(t.source.Graph)
	return &Report{
		network: z,
		Rows:    len(t.source.Labels) + heldOut, HeldOut: heldOut, Outputs: t.o.Outputs,
		SourceLoss: mean(t.heldOut.losses(nil)), RatioLoss: mean(t.heldOut.losses(t.heldOut.ratio)),
		Parameters: z.weights(),
	}
}

// add notes an epoch and reports whether it is the best so far.
func (r *Report) add(train, heldOut float64) bool {
	r.Epochs = append(r.Epochs, Epoch{Train: train, HeldOut: heldOut})
	if !(heldOut < r.AdapterLoss) {
		return false
	}
	r.Best, r.AdapterLoss = len(r.Epochs), heldOut
	return true
}

// judge compares the best adapter with the ratio, row by row.
func (r *Report) judge(e *examination, best *labelshift.Adapter) {
	ratio, adapted := e.losses(e.ratio), e.losses(best.Adapt)
	gains := make([]float64, len(ratio))
	for i := range gains {
		gains[i] = ratio[i] - adapted[i]
	}
	r.Gain = mean(gains)
	spread := 0.0
	for _, g := range gains {
		spread += (g - r.Gain) * (g - r.Gain)
	}
	n := float64(len(gains))
	half := 1.96 * math.Sqrt(spread/math.Max(n-1, 1)/n)
	r.GainLow, r.GainHigh = r.Gain-half, r.Gain+half
	r.Helped = r.GainLow > 0
	wrong := e.errors(nil, e.ratio, best.Adapt)
	r.SourceError, r.RatioError, r.AdapterError = wrong[0], wrong[1], wrong[2]
}

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, `trained on %d rows, judged on %d others; outputs %s, %d weights; best after epoch %d of %d
               loss    error %%
  plain head   %.4f  %.2f
  prior ratio  %.4f  %.2f
  adapter      %.4f  %.2f
gain over the prior ratio %.5f in loss, 95 %% interval %.5f to %.5f
%s`, r.Rows-r.HeldOut, r.HeldOut, r.Outputs, r.Parameters, r.Best, len(r.Epochs),
		r.SourceLoss, 100*r.SourceError, r.RatioLoss, 100*r.RatioError, r.AdapterLoss, 100*r.AdapterError,
		r.Gain, r.GainLow, r.GainHigh, r.verdict())
	return err
}

func (r *Report) verdict() string {
	switch {
	case r.Helped:
		return ""
	case r.GainHigh < 0:
		return "It did not help: mode prior_ratio, which needs no file, does better on these rows." + r.hint() + "\n"
	}
	return "It did not help: mode prior_ratio, which needs no file, does as well on these rows.\n"
}

// hint says what would let training start at the prior ratio, if it did not.
func (r *Report) hint() string {
	if r.network.saysRatio() {
		return ""
	}
	return fmt.Sprintf(" With --input %s and --hidden %d or more, training starts there.", labelshift.InputLogRatio, 2*r.network.classes)
}

// Curve draws the losses by epoch as SVG.
func (r *Report) Curve(w io.Writer) error {
	train, held := chart.Series{Name: "training rows"}, chart.Series{Name: "held-out rows"}
	ratio := chart.Series{Name: "held-out rows, prior ratio"}
	for i, e := range r.Epochs {
		x := float64(i + 1)
		train.X, train.Y = append(train.X, x), append(train.Y, e.Train)
		held.X, held.Y = append(held.X, x), append(held.Y, e.HeldOut)
		ratio.X, ratio.Y = append(ratio.X, x), append(ratio.Y, r.RatioLoss)
	}
	return chart.Lines(w, chart.Chart{
		Title: "Label shift adapter", XLabel: "epoch", YLabel: "generalized logit-adjusted loss",
		Series: []chart.Series{train, held, ratio},
	})
}
