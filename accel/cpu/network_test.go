package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// Networks nobody would draw, by random numbers: cut into segments as shapes and
// chunks have it, they compute what the plain loops do, and the same bits whoever
// works.
func FuzzNetworks(f *testing.F) {
	for seed := range uint64(24) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := newTrial(r)
		var first [][]float32
		for _, threads := range []int{1, 2 + r.IntN(7)} {
			got := n.run(t, threads)
			if first == nil {
				first = got
				n.check(t, got)
			}
			for i := range got {
				require.True(t, slices.EqualFunc(first[i], got[i], sameFloat), "%d workers, result %d: bits differ", threads, i)
			}
		}
	})
}

func sameFloat(a, b float32) bool { return a == b || a != a && b != b }

// trial is a network with its operands and what it runs on.
type trial struct {
	p                        *accel.Program
	isa                      instructions
	maxRows, rows, chunkRows int
	inputs                   []*accel.Tensor
	finite                   bool // are the inputs
	rules                    []accel.NormRule
}

func newTrial(r *rand.Rand) *trial {
	all := available()
	n := &trial{
		p: acceltest.RandomNetwork(r), isa: all[r.IntN(len(all))],
		maxRows: 1 + r.IntN(40), chunkRows: []int{1, 2, 3, heavyRows}[r.IntN(4)],
	}
	n.rows = 1 + r.IntN(n.maxRows)
	n.finite = r.IntN(4) > 0
	for _, id := range n.p.Inputs {
		x := noise(r, n.p.Values[id].Shape.At(n.rows))
		if !n.finite {
			x.Data[r.IntN(len(x.Data))] = float32(math.NaN())
			x.Data[r.IntN(len(x.Data))] = float32(math.Inf(1))
		}
		n.inputs = append(n.inputs, x)
	}
	for i := range n.p.NormSteps {
		n.rules = append(n.rules, drawRule(r, n.p.NormChannels(i)))
	}
	if r.IntN(3) == 0 {
		n.rules = nil
	}
	return n
}

func noise(r *rand.Rand, shape []int) *accel.Tensor {
	x := accel.NewTensor(shape...)
	for i := range x.Data {
		x.Data[i] = float32(r.NormFloat64())
	}
	return x
}

func drawRule(r *rand.Rand, channels int) accel.NormRule {
	switch r.IntN(4) {
	case 0:
		return accel.NormRule{}
	case 1:
		rule := accel.NormRule{Mode: accel.NormGiven, Mean: noise(r, []int{channels}).Data}
		for range channels {
			rule.Var = append(rule.Var, 0.5+r.Float32())
		}
		return rule
	}
	return accel.NormRule{Mode: accel.NormBlend, SourceWeight: r.Float32(), Pool: r.IntN(2) == 0, Unbiased: r.IntN(2) == 0}
}

// run returns outputs and moments.
func (n *trial) run(t *testing.T, threads int) (results [][]float32) {
	d, err := New(Config{Threads: threads, ISA: isaNames[n.isa]})
	require.NoError(t, err)
	d.chunkRows = n.chunkRows
	e, err := d.Compile(n.p, n.maxRows)
	require.NoError(t, err)
	s, err := d.NewStream()
	require.NoError(t, err)
	var all []accel.Buffer
	buffer := func(values []float32) accel.Buffer {
		b, err := d.Alloc(len(values))
		require.NoError(t, err)
		require.NoError(t, s.Upload(b, values))
		all = append(all, b)
		return b
	}
	a := accel.Args{Norms: n.rules}
	for _, x := range n.inputs {
		a.Inputs = append(a.Inputs, buffer(x.Data))
	}
	for _, id := range n.p.Outputs {
		a.Outputs = append(a.Outputs, buffer(make([]float32, n.p.Values[id].Shape.Elements(n.rows))))
	}
	for i := range n.p.NormSteps {
		if n.rules != nil {
			a.Moments = append(a.Moments, buffer(make([]float32, 2*n.p.NormChannels(i))))
		}
	}
	require.NoError(t, s.Run(e, n.rows, a))
	for _, b := range d.frames { // nothing may be left of the run before
		poison(slices.Concat(b.scratch, [][]float32{b.arena, b.local, b.shared})...)
	}
	require.NoError(t, s.Run(e, n.rows, a))
	for _, b := range slices.Concat(a.Outputs, a.Moments) {
		values := make([]float32, b.Floats())
		require.NoError(t, s.Download(values, b))
		results = append(results, values)
	}
	for _, b := range all {
		require.NoError(t, b.Free())
	}
	require.NoError(t, s.Close())
	require.NoError(t, e.Close())
	require.NoError(t, d.Close())
	return results
}

func poison(memory ...[]float32) {
	for _, m := range memory {
		for i := range m {
			m[i] = float32(math.NaN())
		}
	}
}

// check compares results with the plain loops', unless Winograd's transforms have
// spread what is not finite. Norms of a few values, one after the other, enlarge the
// difference of the last bits.
func (n *trial) check(t *testing.T, got [][]float32) {
	if !n.finite {
		return
	}
	want, err := plain.Run(n.p, n.inputs, n.rows, n.rules)
	require.NoError(t, err)
	for i, y := range want.Outputs {
		testkit.Close(t, fmt.Sprintf("output %d", i), got[i], y.Data, 1e-4*largest(y.Data))
	}
	for i, m := range got[len(want.Outputs):] {
		c := len(m) / 2
		testkit.Close(t, fmt.Sprintf("means of norm %d", i), m[:c], want.Norms[i].Mean, 1e-4*largest(want.Norms[i].Mean))
		testkit.Close(t, fmt.Sprintf("variances of norm %d", i), m[c:], want.Norms[i].Var, 1e-4*largest(want.Norms[i].Var))
	}
}

// largest is the magnitude of the largest value, 1 at least.
func largest(values []float32) float64 {
	most := float32(1)
	for _, v := range values {
		most = max(most, v, -v)
	}
	return float64(most)
}
