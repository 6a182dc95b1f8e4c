package main

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/cpu"
	"ttad/accel/cpu/kernel"
	"ttad/internal/networks"
)

// replayJob is a replay of a model so small that its rows take no time.
func replayJob(t *testing.T) job {
	t.Helper()
	w := workload{name: "small", kind: replays, model: networks.Smallest, modes: []mode{bare, replayed}, rows: []int{2 * replayBatch}, threads: []int{1}}
	jobs, err := w.jobs(t.TempDir())
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	assert.Equal(t, replayBatch, jobs[0].batch())
	return jobs[0]
}

func TestReplayAndItsForwardsAreWorkedOffInTurn(t *testing.T) {
	j := replayJob(t)
	for m, answers := range map[mode]int{bare: 10 * replayBatch, replayed: 2} {
		t.Run(string(m), func(t *testing.T) {
			todo := task{Kind: replays, Mode: m, Model: j.file[frozen], SourceWeight: 0.5, Input: j.input, Shape: j.shape, Threads: 1}
			lines := answered(t, ttadDirect, todo, "2\n")
			require.Len(t, lines, 3, "an empty line, a greeting and a time")
			var hello greeting
			require.NoError(t, json.Unmarshal([]byte(lines[1]), &hello))
			assert.Equal(t, ttadDirect, hello.Engine)
			assert.Len(t, hello.Answers, answers)
			seconds, err := strconv.ParseFloat(lines[2], 64)
			require.NoError(t, err)
			assert.Positive(t, seconds)
		})
	}
}

func TestOnlyTheDirectEngineLeavesWinogradOut(t *testing.T) {
	assert.Equal(t, cpu.Config{Threads: 2, ISA: "avx2", Winograd: "off"}, deviceOf(ttadDirect, "avx2", 2))
	assert.Equal(t, cpu.Config{Threads: 1, ISA: "auto", Winograd: "auto"}, deviceOf(ttadWinograd, "auto", 1))
}

func TestTheLoopOfMultiplyAddsAnswersNothing(t *testing.T) {
	family, err := kernel.New("auto")
	require.NoError(t, err)
	if family.Peak(1) == 0 {
		t.Skip("no loop for this processor")
	}
	lines := answered(t, fmaLoop, task{Kind: products, Threads: 2, Flops: 1e6}, "1\n")
	require.Len(t, lines, 3)
	require.JSONEq(t, `{"engine": "FMA loop", "answers": null}`, lines[1])
}

func TestLongAnswersAreSampledAtAnOddStep(t *testing.T) {
	long := make([]float32, 8*mostAnswers)
	for i := range long {
		long[i] = float32(i)
	}
	got := sample(long)
	assert.Len(t, got, (len(long)+8)/9)
	assert.Equal(t, []float32{0, 9, 18}, got[:3])
	assert.Equal(t, long[:100], sample(long[:100]), "a short list is told whole")
}
