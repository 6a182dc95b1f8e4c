package ttatest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"ttad/tta"
)

// options of a run.
type options struct {
	configs    map[string]func() any
	classes    int
	stateBytes int
}

// Option changes a run.
type Option func(*options)

// Config adds a configuration to check besides the default one. build returns a
// new one each time.
func Config(name string, build func() any) Option {
	return func(o *options) { o.configs[name] = build }
}

// WithoutDefault leaves the default configuration out, for strategies that cannot
// be built without parameters.
func WithoutDefault() Option { return func(o *options) { delete(o.configs, "default") } }

// Classes sets the model's number of classes; 5 unless set.
func Classes(n int) Option { return func(o *options) { o.classes = n } }

// StateBytes sets how large a snapshot may be; 64 KiB unless set.
func StateBytes(n int) Option { return func(o *options) { o.stateBytes = n } }

// law is one of the package's laws: what is wrong, or nil.
type law struct {
	name  string
	check func(l *lab) error
}

// laws lists them in the order of the package comment.
func laws() []law {
	return []law{
		{"1 a step reads", stepReads},
		{"1 the past shows in state only", noHiddenState},
		{"1 readings read", readingsRead},
		{"2 output is read-only", outputReadOnly},
		{"2 nothing of the output is kept", outputNotKept},
		{"3 rows stay probabilities", rowsAreProbabilities},
		{"3 rows keep their order", rowsKeepOrder},
		{"4 two owners are refused", ownersRefused},
		{"5 keys name content", keysNameContent},
		{"6 same seed, same bits", sameSeedSameBits},
		{"7 restore continues", restoreContinues},
		{"7 rubbish changes nothing", rubbishChangesNothing},
		{"7 reset equals new", resetEqualsNew},
		{"8 state is bounded", stateIsBounded},
		{"8 no goroutine is left", noGoroutineLeft},
		{"9 learners have state", learnersHaveState},
		{"9 remembering reads", rememberReads},
		{"9 labels show in state", labelsShow},
		{"9 bundles of labels do not matter", bundlesDoNotMatter},
		{"9 nothing handed to Learn is kept", keptNotHeld},
		{"9 no labels, no effect", silentWithoutLabels},
		{"9 floods of labels are harmless", floodsAreHarmless},
	}
}

// lab is what a law is checked with.
type lab struct {
	spec tta.Spec
	cfg  func() any
	options
}

// Run checks every law for the default configuration of spec and those added by
// options, as subtests.
func Run(t *testing.T, spec tta.Spec, opts ...Option) {
	t.Helper()
	for name, l := range labs(spec, opts) {
		for _, law := range laws() {
			t.Run(name+"/"+law.name, func(t *testing.T) {
				if err := law.check(l); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Violations returns what Run would report, one line each: law: what is wrong.
func Violations(spec tta.Spec, opts ...Option) []string {
	var out []string
	for _, l := range labs(spec, opts) {
		for _, law := range laws() {
			if err := law.check(l); err != nil {
				out = append(out, law.name+": "+err.Error())
			}
		}
	}
	return out
}

func labs(spec tta.Spec, opts []Option) map[string]*lab {
	o := options{configs: map[string]func() any{"default": spec.NewConfig}, classes: 5, stateBytes: 64 << 10}
	for _, opt := range opts {
		opt(&o)
	}
	out := map[string]*lab{}
	for name, cfg := range o.configs {
		out[name] = &lab{spec: spec, cfg: cfg, options: o}
	}
	return out
}

func (l *lab) driver(pipeline string) (*driver, error) {
	return newDriver(l.spec, l.cfg(), l.classes, pipeline)
}

// trained returns a driver that has settled some batches, with labels for all but
// the last.
func (l *lab) trained() (*driver, error) {
	d, err := l.driver("main")
	if err != nil {
		return nil, err
	}
	return d, d.train(history(6))
}

// history is batches of several sizes, one row among them.
func history(n int) []*tta.Batch {
	r := rand.New(rand.NewPCG(3, 5))
	sizes := []int{16, 9, 1, 33}
	out := make([]*tta.Batch, n)
	for i := range out {
		out[i] = RandomBatch(r, uint64(i+1), sizes[i%len(sizes)])
	}
	return out
}

// probe is a batch no history holds.
func probe(rows int) *tta.Batch {
	return RandomBatch(rand.New(rand.NewPCG(11, uint64(rows))), 1000, rows)
}

// sameAnswer compares the bits two drivers answer on the probes.
func sameAnswer(what string, d, e *driver) error {
	for _, rows := range []int{1, 12} {
		a, err := d.step(probe(rows))
		if err != nil {
			return err
		}
		b, err := e.step(probe(rows))
		if err != nil {
			return err
		}
		if diff := a.differs(b); diff != "" {
			return fmt.Errorf("%s: %d rows give %s", what, rows, diff)
		}
	}
	return nil
}
