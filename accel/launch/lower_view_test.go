package launch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// place walks a view as the kernels do: the element of operand k that element i of
// the result is made of.
func (v view) place(i, k int) int {
	at := v.base
	for _, axis := range slices.Backward(v.axes) {
		at += i % axis.extent * axis.strides[k]
		i /= axis.extent
	}
	return at
}

// stretchedShapes draws a result and operands that are broadcast to it.
func stretchedShapes(r *rand.Rand) (result []int, operands [][]int) {
	result = make([]int, r.IntN(6))
	for axis := range result {
		result[axis] = 1 + r.IntN(4)
	}
	for range 1 + r.IntN(3) {
		shape := slices.Clone(result[r.IntN(len(result)+1):])
		for axis := range shape {
			if r.IntN(3) == 0 {
				shape[axis] = 1
			}
		}
		operands = append(operands, shape)
	}
	return result, operands
}

// inOperand counts NumPy's rule out along the axes: the place in an operand of what
// element i of the result is made of.
func inOperand(result, shape []int, i int) int {
	place, step := 0, 1
	for back := 1; back <= len(shape); back++ {
		if extent := shape[len(shape)-back]; extent > 1 {
			place += i % result[len(result)-back] * step
			step *= extent
		}
		i /= result[len(result)-back]
	}
	return place
}

func TestBroadcastOperandsAreFoundWhereNumPyHasThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	simple := 0
	for range 2000 {
		result, operands := stretchedShapes(r)
		v := broadcast(result, operands...).simplified()
		for k, shape := range operands {
			s, ok := stretchOf(result, shape)
			if ok {
				simple++
			}
			for i := range accel.Elements(result) {
				want := inOperand(result, shape, i)
				require.Equal(t, want, v.place(i, k), "element %d of %v in %v of %v", i, result, shape, operands)
				if ok {
					require.Equal(t, want, i/s.every%s.count, "element %d of %v in %v", i, result, shape)
				}
			}
		}
	}
	require.Greater(t, simple, 1000, "operands of the kind that need no table")
}

func TestStretchesNeedNoTableForWhatNetworksAdd(t *testing.T) {
	for _, c := range []struct {
		name          string
		result, shape []int
		want          stretch
		simple        bool
	}{
		{"alike", []int{8, 3, 5}, []int{8, 3, 5}, stretch{1, 120}, true},
		{"scalar", []int{8, 3, 5}, nil, stretch{120, 1}, true},
		{"channel", []int{8, 3, 5}, []int{3, 1}, stretch{5, 3}, true},
		{"row", []int{8, 3, 5}, []int{5}, stretch{1, 5}, true},
		{"column", []int{8, 3, 5}, []int{8, 1, 1}, stretch{15, 8}, true},
		{"of one row", []int{1, 3, 5}, []int{1, 3, 1}, stretch{5, 3}, true},
		{"stretched in the middle", []int{8, 3, 5}, []int{8, 1, 5}, stretch{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, simple := stretchOf(c.result, c.shape)
			require.Equal(t, c.simple, simple)
			if simple {
				require.Equal(t, c.want, s)
			}
		})
	}
}

func TestSimplifyingLeavesAsFewAxesAsCanBe(t *testing.T) {
	require.Len(t, broadcast([]int{2, 3, 4}, []int{2, 3, 4}).simplified().axes, 1, "one stretch")
	require.Len(t, broadcast([]int{2, 3, 4}, []int{2, 3, 4}, []int{3, 1}).simplified().axes, 3)
	require.Empty(t, broadcast([]int{1, 1}, []int{1}).simplified().axes, "a single element")
}
