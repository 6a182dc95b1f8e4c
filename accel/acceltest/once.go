package acceltest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// RunOnce runs every operator once, on a few rows, small networks under all kinds of
// norm rules, and a search. It is for executors that look at every access to memory
// and are slow for it: cases with more than most float32 additions in a result are
// left out, and LAME is cut short.
func RunOnce(t *testing.T, open Open, rows, most int) {
	d := opened(t, open)
	for i, c := range cases() {
		if lame, ok := c.op.(accel.LAME); ok {
			lame.MaxIterations = 2
			c.op = lame
		}
		if !c.brief(most) {
			continue
		}
		t.Run(fmt.Sprintf("%s/%s/%d", c.op.Kind(), c.name, i), func(t *testing.T) {
			random := seeded(t.Name())
			p, given := c.program(random, true)
			mayRefuse(t, d, p)
			var inputs []*accel.Tensor
			for _, o := range given {
				inputs = append(inputs, o.fill.tensor(random, o.shape.At(rows)...))
			}
			once(t, d, p, inputs, rows, nil, max(c.depth, 64))
		})
	}
	t.Run("norms", func(t *testing.T) { onceUnderRules(t, d, rows) })
	t.Run("finished", func(t *testing.T) { onceFinished(t, d, rows, most) })
	t.Run("search", func(t *testing.T) { onceSearched(t, d, rows) })
}

// brief reports whether a case is soon done. LAME's depth is no number of additions.
func (c opCase) brief(most int) bool {
	if _, ok := c.op.(accel.LAME); ok {
		return c.name == "few classes"
	}
	return c.depth <= most && c.name != "long"
}

// onceUnderRules runs networks with moments of the source, of the batch, mixed and
// given.
func onceUnderRules(t *testing.T, d accel.Device, rows int) {
	random := seeded("once")
	for _, p := range []*accel.Program{residual(random, false), residual(random, true), perceptron(random)} {
		inputs := inputsOf(p, rows, random)
		given := make([]accel.NormRule, len(p.NormSteps))
		for i := range given {
			given[i] = rules(random, p.NormChannels(i))["given"]
		}
		given[0] = accel.NormRule{}
		for _, r := range [][]accel.NormRule{nil, given, mixedRules(p, 1)} {
			once(t, d, p, inputs, rows, r, 64)
		}
	}
}

// onceFinished has kernels finish their results in every way.
func onceFinished(t *testing.T, d accel.Device, rows, most int) {
	random := seeded("once finished")
	for _, c := range finished() {
		for _, act := range activations() {
			if c.depth <= most {
				p := finishedProgram(random, c, act)
				once(t, d, p, inputsOf(p, rows, random), rows, nil, max(c.depth, 64))
			}
		}
	}
}

// onceSearched searches keys with queries of the host and, where it can, of the device.
func onceSearched(t *testing.T, d accel.Device, rows int) {
	if _, ok := d.(accel.Indexer); !ok {
		t.Skipf("%s searches no keys", d.Info().Kind)
	}
	const dim, capacity, k = 20, 70, 4
	random := seeded("once")
	p := newPair(t, d, dim, capacity)
	for slot := range capacity {
		p.set(slot, values(dim, func() float32 { return float32(random.IntN(7) - 3) }))
	}
	queries := values(rows*dim, func() float32 { return float32(random.IntN(7) - 3) })
	require.Equal(t, searched(p.oracle, queries, rows, k, capacity), searched(p.index, queries, rows, k, capacity))
	if seeker, ok := p.index.(accel.Seeker); ok {
		onceSought(t, d, seeker, queries, rows, k, capacity)
	}
}

// onceSought searches with queries of the device.
func onceSought(t *testing.T, d accel.Device, x accel.Seeker, queries []float32, rows, k, live int) {
	r := newRunner(t, d)
	defer r.close()
	in := r.buffer(len(queries))
	require.NoError(t, r.stream.Upload(in, queries))
	got := found{make([]int32, rows*k), make([]float32, rows*k)}
	require.NoError(t, x.Seek(r.stream, in, rows, len(queries)/rows, k, live, got.slots, got.similarities))
	require.NoError(t, r.stream.Sync(t.Context()))
	for i := 1; i < k; i++ {
		require.LessOrEqual(t, got.similarities[i], got.similarities[i-1], "the most similar first")
	}
	require.NoError(t, in.Free())
}

// once runs a program and compares outputs only.
func once(t *testing.T, d accel.Device, p *accel.Program, inputs []*accel.Tensor, rows int, rules []accel.NormRule, depth int) {
	r := newRunner(t, d)
	defer r.close()
	e := r.compile(p, rows)
	want, err := plain.Run(p, inputs, rows, rules)
	require.NoError(t, err)
	got := r.run(e, rows, inputs, rules, false)
	for i, y := range want.Outputs {
		within(t, "output", got.outputs[i], y.Data, depth)
	}
	require.NoError(t, e.Close())
}
