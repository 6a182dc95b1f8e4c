package main

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLAMEsRowsAreAdjusted(t *testing.T) {
	w := workload{name: nameLAME, kind: adjusts, modes: []mode{gaussian}, rows: []int{30}, threads: []int{1}}
	jobs, err := w.jobs(t.TempDir())
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	j := jobs[0]
	todo := task{Kind: adjusts, Mode: gaussian, Input: j.input, Shape: j.shape, Threads: 1}
	lines := answered(t, ttadDirect, todo, "1\n")
	require.Len(t, lines, 3, "an empty line, a greeting and a time")
	var hello greeting
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &hello))
	require.Len(t, hello.Answers, 30*lameClasses)

	rows, err := readBatch(j.input, j.shape)
	require.NoError(t, err)
	moved := 0.0
	for i := range 30 {
		logits, answers := rows.Row(i)[lameFeatures:], hello.Answers[i*lameClasses:(i+1)*lameClasses]
		given, sum := 0.0, 0.0
		for _, v := range logits {
			given += math.Exp(float64(v))
		}
		for k, v := range answers {
			sum += float64(v)
			moved = max(moved, math.Abs(float64(v)-math.Exp(float64(logits[k]))/given))
		}
		assert.InDelta(t, 1, sum, 1e-5, "row %d", i)
	}
	assert.Greater(t, moved, 0.1, "rows follow their neighbours")
}
