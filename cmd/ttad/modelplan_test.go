package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

func TestAPlanIsPrintedAsATable(t *testing.T) {
	var b strings.Builder
	require.NoError(t, writeSchedules(&b, 64, []accel.Schedule{{
		When: "source statistics", Free: []string{"flatten"}, ArenaBytes: 8192, ScratchBytes: 512,
		Steps: []accel.Scheduled{
			{Node: "conv", Kernel: "conv", Shape: []int{64, 4}, Folded: []string{"bn"}, Fused: []string{"add", "relu"}, Offset: 4096, Bytes: 1024, ScratchBytes: 512},
			{Node: "sum", Kernel: "reduce", Bytes: 4},
		},
	}}))
	assert.Equal(t, `
plan for source statistics, up to 64 rows: 2 steps, results in 8.0 KiB, scratch 0.5 KiB
  node  kernel  result  at       size     scratch  also does
  conv  conv    64x4    4.0 KiB  1.0 KiB  0.5 KiB  in its weights bn; to its result add, relu
  sum   reduce  scalar  0        0.0 KiB  0        
  nothing to do: flatten
`, b.String())
}

func TestADeviceThatTellsNothingIsSaidSo(t *testing.T) {
	var b strings.Builder
	require.NoError(t, writeSchedules(&b, 64, nil))
	assert.Equal(t, "\nthe device does not tell how it runs the model\n", b.String())
}
