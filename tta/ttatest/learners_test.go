package ttatest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/ttatest"
)

// tutor is a sound little learner: it sums, by class, how far the probabilities it
// was given were from the labels, and moves its answers by a share of the mean.
// Each mutant below breaks it in one way.
type tutor struct {
	given []float32 // the last step's
	state []float64 // the sums, then the weight
	held  []float32 // a mutant's
	mistakes
}

// mistakes holds a mutant's way of being wrong; nil fields are sound.
type mistakes struct {
	remember func(t *tutor, row int, kept []float32)
	before   func(t *tutor, rows []tta.Feedback)    // before a call's rows are learned
	weigh    func(t *tutor, f tta.Feedback) float64 // the weight of a row
	mean     func(t *tutor, class int) float64
	snapshot func(t *tutor) []byte
	reset    func(t *tutor)
}

func (t *tutor) classes() int { return len(t.state) - 1 }

func (t *tutor) Needs() tta.Needs { return tta.Needs{Remember: t.classes(), Labels: true, Keyed: true} }

func (t *tutor) error(class int) float64 {
	if t.mean != nil {
		return t.mean(t, class)
	}
	return t.state[class] / max(t.state[t.classes()], 1)
}

func (t *tutor) Correct(_ context.Context, _ *tta.Batch, _ *models.Output, probs *accel.Tensor) error {
	t.given = append(t.given[:0], probs.Data...)
	if t.mean == nil && t.state[t.classes()] == 0 {
		return nil
	}
	for i := range probs.Rows() {
		sum, row := 0.0, probs.Row(i)
		for k := range row {
			row[k] = float32(max(float64(row[k])+t.error(k)/2, 0) + 1e-6)
			sum += float64(row[k])
		}
		for k := range row {
			row[k] = float32(float64(row[k]) / sum)
		}
	}
	return nil
}

func (t *tutor) Remember(row int, kept []float32) {
	if t.mistakes.remember != nil {
		t.mistakes.remember(t, row, kept)
		return
	}
	copy(kept, t.given[row*t.classes():])
}

func (t *tutor) Learn(_ context.Context, rows []tta.Feedback) error {
	if t.before != nil {
		t.before(t, rows)
	}
	for _, f := range rows {
		w := float64(f.Weight)
		if t.weigh != nil {
			w = t.weigh(t, f)
		}
		for k, p := range f.Kept {
			t.state[k] -= w * float64(p)
		}
		t.state[f.Label] += w
		t.state[t.classes()] += w
	}
	return nil
}

func (t *tutor) Snapshot() ([]byte, error) {
	if t.mistakes.snapshot != nil {
		return t.mistakes.snapshot(t), nil
	}
	return t.encode(), nil
}

func (t *tutor) encode() []byte {
	blob := []byte("tutor")
	for _, v := range t.state {
		blob = binary.LittleEndian.AppendUint64(blob, math.Float64bits(v))
	}
	return blob
}

func (t *tutor) Restore(blob []byte) error {
	body, ok := strings.CutPrefix(string(blob), "tutor")
	if !ok || len(body) != 8*len(t.state) {
		return errors.New("not a tutor")
	}
	state := make([]float64, len(t.state))
	for i := range state {
		state[i] = math.Float64frombits(binary.LittleEndian.Uint64([]byte(body[8*i:])))
		if math.IsNaN(state[i]) || math.IsInf(state[i], 0) {
			return errors.New("not a sum")
		}
	}
	t.state = state
	return nil
}

func (t *tutor) Reset() {
	if t.mistakes.reset != nil {
		t.mistakes.reset(t)
		return
	}
	clear(t.state)
}

func tutors(m mistakes) tta.Spec {
	return tta.Spec{
		Name: "tutor", NewConfig: func() any { return nil },
		New: func(env tta.Env, _ any) (tta.Strategy, error) {
			return &tutor{state: make([]float64, env.Classes+1), mistakes: m}, nil
		},
	}
}

func TestTheSoundLearnerKeepsAllLaws(t *testing.T) {
	assert.Empty(t, ttatest.Violations(tutors(mistakes{})))
}

func TestEachBrokenLearnerIsCaught(t *testing.T) {
	for name, c := range map[string]struct {
		law string
		m   mistakes
	}{
		"learns while it remembers": {"9 remembering reads", mistakes{remember: func(t *tutor, row int, kept []float32) {
			copy(kept, t.given[row*t.classes():])
			t.state[0]++
		}}},
		"remembers the row asked for before": {"9 remembering reads", mistakes{remember: func(t *tutor, row int, kept []float32) {
			copy(kept, t.given)
			t.given[0] = float32(row)
		}}},
		"ignores labels": {"9 labels show in state", mistakes{before: func(_ *tutor, rows []tta.Feedback) { clear(rows) },
			weigh: func(*tutor, tta.Feedback) float64 { return 0 }}},
		"learns from no rows": {"9 labels show in state", mistakes{before: func(t *tutor, _ []tta.Feedback) { t.state[0]++ }}},
		"averages each call":  {"9 bundles of labels do not matter", mistakes{before: func(t *tutor, rows []tta.Feedback) { t.state[1] += 1 / float64(len(rows)+1) }}},
		"holds on to what it was handed": {"9 nothing handed to Learn is kept", mistakes{
			before: func(t *tutor, rows []tta.Feedback) {
				if len(rows) > 0 {
					t.held = rows[0].Kept
				}
			},
			mean: func(t *tutor, class int) float64 { return float64(append(t.held, 0)[0]) },
		}},
		"has an opinion before any label": {"9 no labels, no effect", mistakes{mean: func(t *tutor, class int) float64 {
			return t.state[class]/max(t.state[t.classes()], 1) + float64(class)
		}}},
		"divides by the weight": {"9 floods of labels are harmless", mistakes{weigh: func(_ *tutor, f tta.Feedback) float64 { return 1e300 / float64(f.Weight) }}},
		"keeps every label":     {"9 floods of labels are harmless", mistakes{snapshot: func(t *tutor) []byte { return append(t.encode(), make([]byte, int(20*t.state[t.classes()]))...) }}},
		"forgets in a snapshot": {"7 restore continues", mistakes{snapshot: func(t *tutor) []byte { return (&tutor{state: make([]float64, len(t.state))}).encode() }}},
		"keeps labels over a reset": {"7 reset equals new", mistakes{reset: func(t *tutor) {
			t.state[0] = 0
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			found := ttatest.Violations(tutors(c.m))
			assert.True(t, slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, c.law) }),
				"law %q reported nothing; all violations: %q", c.law, found)
		})
	}
}

// amnesiac hides the tutor's Stateful methods.
type amnesiac struct{ t *tutor }

func (a amnesiac) Needs() tta.Needs { return a.t.Needs() }

func (a amnesiac) Remember(row int, kept []float32) { clear(kept) }

func (a amnesiac) Learn(ctx context.Context, rows []tta.Feedback) error { return a.t.Learn(ctx, rows) }

// deaf says it needs labels and cannot learn from them.
type deaf struct{}

func (deaf) Needs() tta.Needs { return tta.Needs{Labels: true} }

func TestLearnersWithoutStateAndNeedsWithoutALearnerAreCaught(t *testing.T) {
	for want, s := range map[string]func(env tta.Env) tta.Strategy{
		"9 learners have state: it learns from labels and has no state": func(env tta.Env) tta.Strategy {
			return amnesiac{&tutor{state: make([]float64, env.Classes+1)}}
		},
		"9 learners have state: it needs labels or rows remembered, and is no learner": func(tta.Env) tta.Strategy { return deaf{} },
	} {
		spec := tutors(mistakes{})
		spec.New = func(env tta.Env, _ any) (tta.Strategy, error) { return s(env), nil }
		assert.Contains(t, strings.Join(ttatest.Violations(spec), "\n"), want)
	}
}
