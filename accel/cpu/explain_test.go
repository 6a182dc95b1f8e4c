package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// normParts are the kernels of a norm that have no result.
var normParts = []string{"blockMoments", "mix", "keep"}

func explained(t *testing.T, p *accel.Program) []accel.Schedule {
	d, err := New(Config{Threads: 2})
	require.NoError(t, err)
	e, err := d.Compile(p, 8)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.Close())
		require.NoError(t, d.Close())
	})
	return e.(accel.Explainer).Explain()
}

func TestAScheduleSaysWhatBecameOfEveryNode(t *testing.T) {
	got := explained(t, block(false))
	require.Len(t, got, 3)
	type line struct {
		node, kernel  string
		folded, fused []string
	}
	lines := func(s accel.Schedule) (out []line) {
		for _, step := range s.Steps {
			if slices.Contains(normParts, step.Kernel) {
				assert.Nil(t, step.Shape, "they have no result")
				continue
			}
			assert.Equal(t, []int{8, 4, 6, 6}, step.Shape)
			assert.GreaterOrEqual(t, step.Bytes, 8/2*4*36*4, "of a chunk, if not more")
			if step.Op != "Reorder" {
				out = append(out, line{step.Node, step.Kernel, step.Folded, step.Fused})
			}
		}
		return out
	}
	none := []string{}
	assert.Equal(t, "source statistics", got[0].When)
	assert.Equal(t, []line{
		{"Conv0", "direct", []string{"Norm1"}, []string{"Relu2"}},
		{"Conv3", "direct", []string{"Norm4"}, []string{"Add5", "Relu6"}},
	}, lines(got[0]))
	assert.Equal(t, "batch statistics", got[1].When)
	assert.Equal(t, []line{
		{"Conv0", "direct", none, none}, {"Norm1", "blockApply", none, []string{"Relu2"}},
		{"Conv3", "direct", none, none}, {"Norm4", "blockApply", none, []string{"Add5", "Relu6"}},
	}, lines(got[1]))
	assert.Equal(t, "given statistics", got[2].When)
	assert.Equal(t, lines(got[1]), lines(got[2]))
}

func TestNodesNothingIsComputedForAreListed(t *testing.T) {
	virtual := explained(t, block(true))
	assert.Equal(t, []string{"Norm1", "Norm4"}, virtual[0].Free)
	assert.Empty(t, virtual[1].Free)

	b := &acceltest.Builder{}
	flat := b.Step(accel.Reshape{To: accel.BatchShape(6)}, b.Input(accel.BatchShape(2, 3)))
	p := b.Program(b.Step(accel.Map{Fn: accel.Relu}, flat))
	plain := explained(t, p)
	require.Len(t, plain, 1, "without norms there is one plan")
	assert.Equal(t, "every batch", plain[0].When)
	assert.Equal(t, []string{p.Steps[0].Name}, plain[0].Free)
}

// Every node of the program has exactly one place, and every result one within the
// arena; scratch is the most any step takes of each kind.
func TestASchedulesMemoryAddsUp(t *testing.T) {
	for _, virtual := range []bool{false, true} {
		p := block(virtual)
		for _, s := range explained(t, p) {
			var names []string
			most := 0
			for _, step := range s.Steps {
				switch {
				case step.Op == "Reorder", slices.Contains(normParts, step.Kernel):
					// called after their result, and parts of a norm
				default:
					names = append(append(append(names, step.Node), step.Folded...), step.Fused...)
				}
				if step.Local {
					assert.LessOrEqual(t, 2*(step.Offset+step.Bytes), s.LocalBytes, "two workers have one each")
				} else {
					assert.LessOrEqual(t, step.Offset+step.Bytes, s.ArenaBytes)
				}
				assert.GreaterOrEqual(t, step.Offset, 0)
				most = max(most, step.ScratchBytes)
			}
			var all []string
			for _, step := range p.Steps {
				all = append(all, step.Name)
			}
			assert.ElementsMatch(t, all, append(names, s.Free...))
			assert.GreaterOrEqual(t, s.ScratchBytes, most)
			assert.NotZero(t, s.ArenaBytes+s.LocalBytes)
		}
	}
}
