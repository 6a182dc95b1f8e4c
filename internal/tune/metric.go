package tune

import (
	"fmt"
	"slices"
	"strings"

	"ttad/tta"
)

// Metric is the score candidates are compared by; lower is better.
type Metric string

// Metrics.
const (
	Brier Metric = "brier"
	Error Metric = "error"
	NLL   Metric = "nll"
)

// Metrics lists them, the default first: Brier tells candidates apart by how sure
// they are, so that it decides on fewer rows than the error does.
func Metrics() []Metric { return []Metric{Brier, Error, NLL} }

// of is a row's loss; ok is false where it has none.
func (m Metric) of(o tta.Outcome) (loss float64, ok bool) {
	l, judged := o.Losses()
	switch m {
	case Error:
		return l.Error, true
	case NLL:
		return l.NLL, judged
	default:
		return l.Brier, judged
	}
}

// reach bounds the difference of two rows' losses.
func (m Metric) reach() float64 {
	switch m {
	case Error:
		return 1
	case NLL:
		return 28 // the logarithm's floor, 1e-12
	default:
		return 2
	}
}

// text writes a loss as reports do.
func (m Metric) text(loss float64) string {
	if m == Error {
		return fmt.Sprintf("%.2f %%", 100*loss)
	}
	return fmt.Sprintf("%.4f", loss)
}

// signed writes a difference of losses.
func (m Metric) signed(d float64) string {
	if m == Error {
		return fmt.Sprintf("%+.2f", 100*d)
	}
	return fmt.Sprintf("%+.4f", d)
}

// Known reports whether there is such a metric.
func (m Metric) Known() bool { return slices.Contains(Metrics(), m) }

// Words lists the metrics in a sentence.
func Words() string {
	words := make([]string, len(Metrics()))
	for i, m := range Metrics() {
		words[i] = string(m)
	}
	return strings.Join(words, ", ")
}
