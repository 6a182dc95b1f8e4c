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
		When: "source statistics", Free: []string{"flatten"}, WeightsBytes: 3072, ArenaBytes: 8192, LocalBytes: 2048, ScratchBytes: 512,
		Steps: []accel.Scheduled{
			{Node: "conv", Kernel: "conv", ChunkRows: 4, Local: true, Shape: []int{64, 4}, Folded: []string{"bn"}, Fused: []string{"add", "relu"}, Offset: 4096, Bytes: 1024, ScratchBytes: 512},
			{Node: "bn2", Kernel: "moments", ChunkRows: 4},
			{Node: "sum", Kernel: "reduce", Segment: 1, Shape: []int{}, Bytes: 4},
		},
	}}))
	assert.Equal(t, `
plan for source statistics, up to 64 rows: 3 steps, weights 3.0 KiB, results in 8.0 KiB, of chunks in 2.0 KiB, scratch 0.5 KiB
  segment   node  kernel   result  of     at       size     scratch  also does
  4 rows    conv  conv     64x4    chunk  4.0 KiB  1.0 KiB  0.5 KiB  in its weights bn; to its result add, relu
            bn2   moments  -                                0        
  all rows  sum   reduce   scalar  batch  0        0.0 KiB  0        
  nothing to do: flatten
`, b.String())
}

func TestADeviceThatTellsNothingIsSaidSo(t *testing.T) {
	var b strings.Builder
	require.NoError(t, writeSchedules(&b, 64, nil))
	assert.Equal(t, "\nthe device does not tell how it runs the model\n", b.String())
}
