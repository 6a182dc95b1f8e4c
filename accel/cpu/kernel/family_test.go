package kernel

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewFindsAFamilyByName(t *testing.T) {
	for _, f := range families() {
		got, err := New(f.Name)
		require.NoError(t, err)
		require.Equal(t, f.Name, got.Name)
		require.Equal(t, f.Lanes, got.Lanes)
	}
	auto, err := New("auto")
	require.NoError(t, err)
	require.Equal(t, families()[0].Name, auto.Name)
	_, err = New("mmx")
	require.ErrorContains(t, err, `"mmx"`)
	require.ErrorContains(t, err, "generic")
}

func TestEveryRowCanBeCovered(t *testing.T) {
	for _, f := range families() {
		require.True(t, slices.IsSortedFunc(f.kernels, func(a, b Kernel) int {
			return cmp.Or(cmp.Compare(b.Blocks, a.Blocks), cmp.Compare(b.Pixels, a.Pixels))
		}), "%s: wide kernels come first", f.Name)
		for blocks := 1; blocks <= f.MaxBlocks(); blocks++ {
			kernels := f.Kernels(blocks)
			require.NotEmpty(t, kernels, "%s, %d blocks", f.Name, blocks)
			require.Equal(t, 1, kernels[len(kernels)-1].Pixels)
			for _, k := range kernels {
				require.Equal(t, f.Lanes, k.Lanes)
				require.LessOrEqual(t, k.Pixels*k.Blocks*k.Lanes, maxSums)
			}
		}
		require.Empty(t, f.Kernels(f.MaxBlocks()+1))
	}
}

func TestPeakCountsWhatItDoes(t *testing.T) {
	for _, f := range families() {
		require.Zero(t, f.Peak(0))
		if f.peak != nil {
			require.Equal(t, 10*48*2*f.Lanes, f.Peak(10))
		}
	}
}
