package acceltest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// RunOnce runs every operator once, on two rows, and small networks under batch
// statistics. It is for executors that look at every access to memory and are slow for
// it. Cases with more than most float32 additions in a result are left out.
func RunOnce(t *testing.T, open Open, most int) {
	d := opened(t, open)
	for i, c := range cases() {
		if c.depth > most || c.name == "long" {
			continue
		}
		t.Run(fmt.Sprintf("%s/%s/%d", c.op.Kind(), c.name, i), func(t *testing.T) {
			random := seeded(t.Name())
			p, given := c.program(random, true)
			mayRefuse(t, d, p)
			var inputs []*accel.Tensor
			for _, o := range given {
				inputs = append(inputs, o.fill.tensor(random, o.shape.At(2)...))
			}
			once(t, d, p, inputs, nil)
		})
	}
	random := seeded("once")
	for name, p := range map[string]*accel.Program{"residual": residual(random, false), "perceptron": perceptron(random)} {
		t.Run(name, func(t *testing.T) { once(t, d, p, inputsOf(p, 2, random), mixedRules(p, 1)) })
	}
}

// once runs a program on two rows and compares outputs only.
func once(t *testing.T, d accel.Device, p *accel.Program, inputs []*accel.Tensor, rules []accel.NormRule) {
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, 2)
	want, err := plain.Run(p, inputs, 2, rules)
	require.NoError(t, err)
	got := r.run(e, 2, inputs, rules, false)
	for i, y := range want.Outputs {
		within(t, "output", got.outputs[i], y.Data, 64)
	}
	require.NoError(t, e.Close())
}
