package launch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// chain is a plan of nodes that each read one or two values made before, and a lowering
// of it with some scratch.
func chain(r *rand.Rand) (*plan, *lowering) {
	p := &accel.Program{}
	value := func() accel.ValueID {
		p.Values = append(p.Values, accel.Value{Shape: accel.BatchShape(r.IntN(50))})
		return accel.ValueID(len(p.Values) - 1)
	}
	p.Inputs = []accel.ValueID{value()}
	out := &plan{program: p, root: []accel.ValueID{0}}
	l := &lowering{program: p, rows: 3}
	for i := range 2 + r.IntN(20) {
		any := func() accel.ValueID { return accel.ValueID(r.IntN(len(p.Values))) }
		n := &node{in: []accel.ValueID{any(), accel.NoValue}, tail: tail{add: accel.NoValue}}
		if r.IntN(3) == 0 {
			n.tail.add = any()
		}
		n.out = value()
		out.root = append(out.root, n.out)
		if r.IntN(4) == 0 { // a second name
			value()
			out.root = append(out.root, n.out)
		}
		out.nodes = append(out.nodes, n)
		l.node = i
		for range r.IntN(3) {
			l.take(r.IntN(60))
		}
	}
	p.Outputs = []accel.ValueID{accel.ValueID(len(p.Values) - 1), accel.ValueID(r.IntN(len(p.Values)))}
	return out, l
}

// The plain way to see that memory is not shared too early: every node writes its own
// number all over its slots, and whoever reads finds the number of the node that made
// what is read.
func TestWhatIsAliveIsNotOverwritten(t *testing.T) {
	for seed := range uint64(300) {
		p, l := chain(rand.New(rand.NewPCG(seed, 0)))
		got := layOut(p, l)
		owner := make([]accel.ValueID, len(got.floats)) // the value in each slot
		whose := func(id accel.ValueID, what string) {
			if at := got.values[p.root[id]]; at >= 0 {
				require.Equal(t, p.root[id], owner[at], "seed %d: %s finds another value in slot %d", seed, what, at)
			}
		}
		for i, n := range p.nodes {
			at := got.values[n.out]
			owner[at] = n.out
			require.GreaterOrEqual(t, got.floats[at], p.program.Values[n.out].Shape.Elements(l.rows))
			for k, piece := range l.pieces {
				if piece.node == i {
					owner[got.slots[k]] = accel.NoValue
					require.GreaterOrEqual(t, got.floats[got.slots[k]], piece.floats)
				}
			}
			for _, id := range append(n.reads(), n.out) {
				whose(id, "a node")
			}
		}
		for _, id := range p.program.Outputs {
			whose(id, "an output")
		}
	}
}

func TestSlotsAreSharedAndLongOnesComeFirst(t *testing.T) {
	b := &net{}
	x := b.Input(accel.BatchShape(10))
	wide := b.Step(accel.MatMul{Alpha: 1}, x, b.ones(10, 40))
	narrow := b.Step(accel.MatMul{Alpha: 1}, wide, b.ones(40, 5))
	again := b.Step(accel.MatMul{Alpha: 1}, narrow, b.ones(5, 30))
	p := newPlan(b.Program(again), forBatch)
	got := layOut(p, &lowering{program: p.program, rows: 2})
	assert.Equal(t, []int{80, 10}, got.floats)
	assert.Equal(t, got.values[wide], got.values[again], "the first result is read by then")
	assert.NotEqual(t, got.values[wide], got.values[narrow])
}

func TestRulesAsKernelsReadThem(t *testing.T) {
	b := &net{}
	p := b.Program(b.norm(b.norm(b.image())))
	tests := []struct {
		name  string
		rules []accel.NormRule
		want  []float32
	}{
		{"none", nil, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{"a blend, and given moments", []accel.NormRule{
			{Mode: accel.NormBlend, SourceWeight: 0.25, Pool: true, Unbiased: true},
			{Mode: accel.NormGiven, Mean: []float32{5, 6}, Var: []float32{7, 8}},
		}, []float32{1, 0.25, 1, 1, 0, 0, 0, 0, 2, 0, 0, 0, 5, 6, 7, 8}},
		{"a blend with nothing of the batch is the source", []accel.NormRule{
			{Mode: accel.NormBlend, SourceWeight: 1, Pool: true}, {},
		}, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make([]float32, ruleAt(p, 2))
			for i := range got {
				got[i] = 99 // of the run before
			}
			encodeRules(p, tt.rules, got)
			assert.Equal(t, tt.want, got)
		})
	}
}
