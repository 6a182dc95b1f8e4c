package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// block is a residual block: conv, norm, ReLU, conv, norm, addition, ReLU.
func block(virtual bool) *accel.Program {
	r := rand.New(rand.NewPCG(1, 2))
	b := &acceltest.Builder{}
	conv := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	norm := accel.Norm{Eps: 1e-5, Virtual: virtual}
	weights := func() accel.ValueID { return b.Const(accel.NewTensor(4, 4, 1, 1)) }
	x := b.Input(accel.BatchShape(4, 6, 6))
	h := b.Step(accel.Map{Fn: accel.Relu}, b.Norm(norm, b.Step(conv, x, weights()), r))
	h = b.Norm(norm, b.Step(conv, h, weights()), r)
	return b.Program(b.Step(accel.Map{Fn: accel.Relu}, b.Step(accel.Binary{Fn: accel.Add}, h, x)))
}

// planned is a device to make plans for.
func planned(t *testing.T) *Device {
	d, err := New(Config{Threads: 2})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// kinds lists the kernels of a plan but for the copies between layouts.
func kinds(p *plan) (names []string) {
	for _, k := range p.kernels {
		if _, ok := k.runner.(*reorderStep); !ok {
			names = append(names, fmt.Sprintf("%T", k.runner))
		}
	}
	return names
}

func TestAFoldedPlanIsOnlyConvolutions(t *testing.T) {
	for _, virtual := range []bool{false, true} {
		p, err := newPlan(planned(t), block(virtual), 8, forSource, packs{})
		require.NoError(t, err)
		assert.Equal(t, []string{"*cpu.directStep", "*cpu.directStep"}, kinds(p))
	}
}

func TestALivePlanKeepsNormsAndFusesTheRest(t *testing.T) {
	p, err := newPlan(planned(t), block(false), 8, forBatch, packs{})
	require.NoError(t, err)
	want := []string{"[direct blockMoments]", "mix", "[blockApply direct blockMoments]", "mix", "[blockApply]"}
	assert.Equal(t, want, cuts(p))
}

// Norms that cannot be melted into a product, for what lies between.
func TestSourceMomentsInterruptNoSegment(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(4, 6, 6))
	for range 2 {
		x = b.Step(accel.Softmax{Axis: 1}, x)
		x = b.Norm(accel.Norm{Eps: 1e-5}, x, rand.New(rand.NewPCG(1, 2)))
	}
	p, err := newPlan(planned(t), b.Program(x), 8, forSource, packs{})
	require.NoError(t, err)
	assert.Equal(t, []string{"mix mix", "[softmax apply softmax apply]"}, cuts(p))
}

// What a batch leaves for the next one is kept when it is done.
func TestGivenMomentsInterruptNoSegment(t *testing.T) {
	p, err := newPlan(planned(t), block(false), 8, forGiven, packs{})
	require.NoError(t, err)
	want := []string{"mix mix", "[direct blockMoments blockApply direct blockMoments blockApply]", "keep keep"}
	assert.Equal(t, want, cuts(p))
}

// A run takes the plan that waits for no more than its rules ask for.
func TestThePlanOfARun(t *testing.T) {
	e, err := planned(t).Compile(block(false), 8)
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	given, blend := accel.NormRule{Mode: accel.NormGiven}, accel.NormRule{Mode: accel.NormBlend}
	source := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 1}
	x := e.(*exec)
	for _, tt := range []struct {
		name    string
		rules   []accel.NormRule
		moments []accel.Buffer
		want    *plan
	}{
		{"no rules", nil, nil, x.folded},
		{"all weight with the source", []accel.NormRule{source, source}, []accel.Buffer{nil, nil}, x.folded},
		{"moments to keep", []accel.NormRule{source, source}, []accel.Buffer{nil, &buffer{}}, x.given},
		{"one norm is given moments", []accel.NormRule{given, source}, nil, x.given},
		{"another one blends", []accel.NormRule{given, blend}, nil, x.live},
		{"one blends, another is given moments", []accel.NormRule{blend, given}, nil, x.live},
	} {
		assert.Same(t, tt.want, x.planFor(accel.Args{Norms: tt.rules, Moments: tt.moments}), tt.name)
	}
}

func TestAChainNeedsTheMemoryOfTwoValues(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(64))
	for range 10 {
		x = b.Step(accel.Softmax{Axis: 1}, x)
	}
	p, err := newPlan(planned(t), b.Program(x), 8, forBatch, packs{})
	require.NoError(t, err)
	assert.Equal(t, 8*64, p.size.arena, "the output")
	assert.Equal(t, 2*8*64, p.size.local)
}

func TestElementwiseResultsReplaceTheirOperand(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Step(accel.Softmax{Axis: 1}, b.Input(accel.BatchShape(64)))
	for range 10 {
		x = b.Step(accel.Map{Fn: accel.Relu}, x)
	}
	p, err := newPlan(planned(t), b.Program(x), 8, forBatch, packs{})
	require.NoError(t, err)
	assert.Equal(t, 8*64, p.arena)
}

func TestGapsThatTouchBecomeOne(t *testing.T) {
	var g gaps
	a, b, c := g.take(16), g.take(32), g.take(16)
	g.give(a, 16)
	g.give(c, 16)
	g.give(b, 32)
	assert.Equal(t, []gap{{0, 64}}, g.list)
	assert.Equal(t, 0, g.take(80), "the gap at the end grows")
	assert.Equal(t, 80, g.size)
}

func TestMemoryBeyondTheLimitIsRefused(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(1 << 20))
	var all []accel.ValueID
	for range 20 {
		all = append(all, b.Step(accel.Softmax{Axis: 1}, x))
	}
	_, err := newPlan(planned(t), b.Program(all...), 2000, forBatch, packs{})
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
}

// The kernels of this processor, and the plain one, against the loop in the
// comment of tile.go. Small whole numbers make every sum exact.
func TestTilesOfEveryDepth(t *testing.T) {
	for depth := range 11 {
		left, right := make([]float32, depth*tileRows), make([]float32, depth*tileCols)
		var got, want [tileRows * tileCols]float32
		for i := range left {
			left[i] = float32(i%5) - 2
		}
		for i := range right {
			right[i] = float32(i%7) - 3
		}
		for i := range want {
			got[i], want[i] = float32(i), float32(i)
			for k := range depth {
				want[i] += left[k*tileRows+i/tileCols] * right[k*tileCols+i%tileCols]
			}
		}
		start := got
		for name, tile := range tiles() {
			sums := start
			tile(left, right, &sums)
			assert.Equal(t, want, sums, "%s, depth %d", name, depth)
		}
	}
}
