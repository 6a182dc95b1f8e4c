package tta

// Losses are what one row adds to the sums behind a Score; lower is better.
type Losses struct {
	Error float64 // 1 where the class answered is wrong
	Brier float64
	NLL   float64
}

// Losses judges the row by itself. judged is false, and Brier and NLL are 0, where
// its class has no probability because only a decider knows it.
func (o Outcome) Losses() (l Losses, judged bool) {
	m := judge(o.Probs, o.Class, o.Label)
	if m.wrong {
		l.Error = 1
	}
	l.Brier, l.NLL = m.brier, m.nll
	return l, m.judged
}
