package ttatest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/ttatest"
)

// counter is a sound little strategy: it counts the rows it has seen, sharpens
// probabilities a little more with every ten of them, and owns the norms.
// Each mutant below breaks it in one way.
type counter struct {
	rows     uint64
	pipeline string
	rules    []accel.NormRule
	broken
}

// broken holds a mutant's way of being wrong; nil fields are sound.
type broken struct {
	prepare  func(c *counter, o *models.Overlay)
	correct  func(c *counter, out *models.Output, probs *accel.Tensor)
	update   func(c *counter, out *models.Output)
	snapshot func(c *counter) []byte
	restore  func(c *counter, blob []byte) error
	reset    func(c *counter)
	readings func(c *counter) []tta.Reading
	owns     tta.Part
}

func (c *counter) Needs() tta.Needs { return tta.Needs{Owns: c.owns} }

func (c *counter) Prepare(_ context.Context, b *tta.Batch, o *models.Overlay) error {
	if c.broken.prepare != nil {
		c.broken.prepare(c, o)
		return nil
	}
	for i := range c.rules {
		c.rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 1 / float32(1+c.rows)}
	}
	o.SetNorms(fmt.Sprintf("counter(%s)#%d", c.pipeline, b.Step), c.rules)
	return nil
}

func (c *counter) Correct(_ context.Context, _ *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	if c.broken.correct != nil {
		c.broken.correct(c, out, probs)
		return nil
	}
	sharpen(probs, 1+0.01*float64(c.rows/10))
	return nil
}

func sharpen(probs *accel.Tensor, power float64) {
	for i := range probs.Rows() {
		sum, row := 0.0, probs.Row(i)
		for k, v := range row {
			row[k] = float32(math.Pow(float64(v), power))
			sum += float64(row[k])
		}
		for k := range row {
			row[k] = float32(float64(row[k]) / sum)
		}
	}
}

func (c *counter) Update(_ context.Context, b *tta.Batch, out *models.Output, _ *accel.Tensor) error {
	c.rows += uint64(b.Rows)
	if c.broken.update != nil {
		c.broken.update(c, out)
	}
	return nil
}

func (c *counter) Snapshot() ([]byte, error) {
	if c.broken.snapshot != nil {
		return c.broken.snapshot(c), nil
	}
	return binary.LittleEndian.AppendUint64([]byte("counter"), c.rows), nil
}

func (c *counter) Restore(blob []byte) error {
	if c.broken.restore != nil {
		return c.broken.restore(c, blob)
	}
	if len(blob) != 15 || string(blob[:7]) != "counter" {
		return errors.New("not a counter")
	}
	n := binary.LittleEndian.Uint64(blob[7:])
	if n > math.MaxInt64 {
		return errors.New("not a count")
	}
	c.rows = n
	return nil
}

func (c *counter) Readings() []tta.Reading {
	if c.broken.readings != nil {
		return c.broken.readings(c)
	}
	return []tta.Reading{{Name: "rows", Class: -1, Value: float64(c.rows)}}
}

func (c *counter) Reset() {
	if c.broken.reset != nil {
		c.broken.reset(c)
		return
	}
	c.rows = 0
}

func specOf(build func() broken) tta.Spec {
	return tta.Spec{
		Name: "counter", NewConfig: func() any { return nil },
		New: func(env tta.Env, _ any) (tta.Strategy, error) {
			return &counter{pipeline: env.Pipeline, rules: slices.Repeat([]accel.NormRule{{}}, len(env.Norms)), broken: build()}, nil
		},
	}
}

func TestTheSoundStrategyKeepsAllLaws(t *testing.T) {
	assert.Empty(t, ttatest.Violations(specOf(func() broken { return broken{owns: tta.OwnsNorm} })))
}

func TestEachBrokenStrategyIsCaught(t *testing.T) {
	for name, c := range map[string]struct {
		law   string // the beginning of a violation that must be reported
		build func() broken
	}{
		"learns while it answers": {"1 a step reads", func() broken {
			return broken{correct: func(c *counter, _ *models.Output, p *accel.Tensor) { c.rows++; sharpen(p, 1+0.01*float64(c.rows)) }}
		}},
		"counts who looks": {"1 readings read", func() broken {
			return broken{readings: func(c *counter) []tta.Reading { c.rows++; return nil }}
		}},
		"tells of a class there is not": {"1 readings read", func() broken {
			return broken{readings: func(*counter) []tta.Reading { return []tta.Reading{{Name: "prior", Class: 5}} }}
		}},
		"tells twice of one thing": {"1 readings read", func() broken {
			return broken{readings: func(*counter) []tta.Reading { return []tta.Reading{{Name: "rows"}, {Name: "rows"}} }}
		}},
		"tells what is no number": {"1 readings read", func() broken {
			return broken{readings: func(*counter) []tta.Reading { return []tta.Reading{{Name: "rows", Value: math.NaN()}} }}
		}},
		"writes to the logits": {"2 output is read-only", func() broken {
			return broken{correct: func(_ *counter, out *models.Output, _ *accel.Tensor) { out.Logits.Data[0]++ }}
		}},
		"keeps the logits": {"2 nothing of the output is kept", func() broken {
			var kept *accel.Tensor
			return broken{
				correct: func(_ *counter, _ *models.Output, p *accel.Tensor) {
					if kept != nil {
						sharpen(p, 1+0.01*math.Abs(float64(kept.Data[0])))
					}
				},
				update: func(_ *counter, out *models.Output) { kept = out.Logits },
			}
		}},
		"forgets to normalize": {"3 rows stay probabilities", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) { p.Data[0] *= 1.01 }}
		}},
		"answers NaN": {"3 rows stay probabilities", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) { p.Data[0] = float32(math.NaN()) }}
		}},
		"divides by rows minus one": {"3 rows stay probabilities", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) {
				for i := range p.Data {
					p.Data[i] *= float32(1 / float64(p.Rows()-1) * float64(p.Rows()-1))
				}
			}}
		}},
		"panics on one row": {"3 rows stay probabilities", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) { _ = p.Row(1)[0] }}
		}},
		"turns the rows around": {"3 rows keep their order", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) {
				q := p.Clone()
				for i := range p.Rows() {
					copy(p.Row(i), q.Row(p.Rows()-1-i))
				}
			}}
		}},
		"claims to share what differs": {"5 keys name content", func() broken {
			return broken{prepare: func(c *counter, o *models.Overlay) {
				c.rules[0] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: 1 / float32(1+c.rows)}
				o.SetNorms("blend", c.rules)
			}}
		}},
		"gives content no key": {"5 keys name content", func() broken {
			return broken{prepare: func(c *counter, o *models.Overlay) {
				c.rules[0] = accel.NormRule{Mode: accel.NormBlend}
				o.SetNorms("", c.rules)
			}}
		}},
		"rolls its own dice": {"6 same seed, same bits", func() broken {
			return broken{correct: func(_ *counter, _ *models.Output, p *accel.Tensor) { sharpen(p, 1+rand.Float64()) }}
		}},
		"restores anything": {"7 rubbish changes nothing", func() broken {
			return broken{restore: func(*counter, []byte) error { return nil }}
		}},
		"changes before it refuses": {"7 rubbish changes nothing", func() broken {
			return broken{restore: func(c *counter, _ []byte) error { c.rows = 99; return errors.New("no") }}
		}},
		"snapshots half of it": {"7 restore continues", func() broken {
			return broken{snapshot: func(c *counter) []byte {
				return binary.LittleEndian.AppendUint64([]byte("counter"), c.rows/2)
			}}
		}},
		"resets half of it": {"7 reset equals new", func() broken {
			return broken{reset: func(c *counter) { c.rows /= 2 }}
		}},
		"grows for ever": {"8 state is bounded", func() broken {
			return broken{snapshot: func(c *counter) []byte { return make([]byte, 32*c.rows) }}
		}},
		"leaves a goroutine": {"8 no goroutine is left", func() broken {
			return broken{update: func(*counter, *models.Output) { go time.Sleep(2 * time.Second) }}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			found := ttatest.Violations(specOf(c.build))
			assert.True(t, slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, c.law) }),
				"law %q reported nothing; all violations: %q", c.law, found)
		})
	}
}

// stateless hides the counter's Stateful methods, so that its past has nowhere
// to show.
type stateless struct{ c *counter }

func (s stateless) Needs() tta.Needs { return tta.Needs{Owns: tta.OwnsNorm} }

func (s stateless) Correct(ctx context.Context, b *tta.Batch, out *models.Output, p *accel.Tensor) error {
	return s.c.Correct(ctx, b, out, p)
}

func (s stateless) Update(ctx context.Context, b *tta.Batch, out *models.Output, p *accel.Tensor) error {
	return s.c.Update(ctx, b, out, p)
}

func TestHiddenStateIsCaught(t *testing.T) {
	spec := specOf(nil)
	spec.New = func(tta.Env, any) (tta.Strategy, error) { return stateless{&counter{}}, nil }
	found := ttatest.Violations(spec)
	assert.Len(t, found, 1)
	assert.Contains(t, found[0], "1 the past shows in state only")
}

// inverter is a decider that writes to the probabilities it should leave alone.
type inverter struct{}

func (inverter) Needs() tta.Needs { return tta.Needs{} }

func (inverter) Labels() []string { return nil }

func (inverter) Decide(_ context.Context, b *tta.Batch, _ *models.Output, probs *accel.Tensor, class []int32, score []float32) error {
	for i := range b.Rows {
		probs.Row(i)[0], probs.Row(i)[1] = probs.Row(i)[1], probs.Row(i)[0]
		class[i], score[i] = int32(probs.RowLen()), 0
	}
	return nil
}

func TestADeciderThatChangesProbabilitiesOrInventsClassesIsCaught(t *testing.T) {
	spec := specOf(nil)
	spec.New = func(tta.Env, any) (tta.Strategy, error) { return inverter{}, nil }
	found := strings.Join(ttatest.Violations(spec), "\n")
	assert.Contains(t, found, "class 5 of 5")
}
