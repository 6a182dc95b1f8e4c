package main

import (
	"context"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/accel/opencl"
	"ttad/internal/networks"
	"ttad/models"
)

// TestCard is the conformance suite on a real card: 'make gpu-check' runs it.
func TestCard(t *testing.T) {
	kind := os.Getenv(kindVariable)
	if kind == "" {
		t.Skipf("for a machine with a card: make gpu-check (%s names the kind of device)", kindVariable)
	}
	index, err := strconv.Atoi(os.Getenv(indexVariable))
	require.NoError(t, err)
	acceltest.RunAll(t, func(t testing.TB) accel.Device {
		var d accel.Device
		var err error
		if kind == "opencl" {
			d, err = opencl.Open(opencl.Config{Index: index})
		} else {
			d, err = cuda.Open(cuda.Config{Index: index, Library: os.Getenv(libraryVariable)}, zerolog.Nop())
		}
		require.NoError(t, err)
		return d
	})
}

// small is a load that an interpreter of PTX manages.
func small() load {
	tiny := network{"smallest", drawn(networks.Smallest), 3}
	return load{parity: []network{tiny}, timed: []network{tiny}, rows: []int{1, 2}, repeats: 3, reopens: 2, times: 1}
}

// Every check but the suites, over the driver library that lets nothing pass.
func TestADryRunWithoutACard(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Name: "Dry run", Memory: 64 << 20, Mode: 3}}})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	require.NoError(t, run(t.Context(), o, io.Discard))
	require.Len(t, double.Problems(), 1, "the kernel that went astray, and nothing else")
	written, err := os.ReadFile(o.out)
	require.NoError(t, err)
	for _, want := range []string{
		"# ttad on Dry run", "64 MiB", "4 multiprocessors at 1500 MHz, 0.8 TFLOP/s in float32, 64 GB/s",
		"| same answers as the processor: smallest | ok |", "| same bits 3 times | ok |", "| open and close 2 times | ok |",
		"| more memory than there is | ok |", "CUDA_ERROR_OUT_OF_MEMORY", "| a kernel that writes where it must not | ok |",
		"CUDA_ERROR_ILLEGAL_ADDRESS", "| smallest | frozen | 3 |", "| smallest | alpha-BN | 3 |", "| 1 rows | 2 rows | from |",
	} {
		require.Contains(t, string(written), want)
	}
}

// NVIDIA promises nothing of a process in which a kernel went astray: the rest of the
// report must be there already, and it is no failure.
func TestAProcessWithoutASecondContext(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{OneLife: true})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	require.NoError(t, run(t.Context(), o, io.Discard))
	require.Len(t, double.Problems(), 1, "the kernel that went astray, and nothing else")
	written, err := os.ReadFile(o.out)
	require.NoError(t, err)
	require.Contains(t, string(written), "| speed | ok |")
	require.Contains(t, string(written), "a new context does not work, it takes a new process: ")
}

// A card may take the process with it: what was seen until then is on disk.
func TestTheReportIsWrittenAfterEveryCheck(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	c, err := newChecker(o, io.Discard)
	require.NoError(t, err)
	require.NoError(t, c.keep(verdict{name: "the first", saw: "all well"}))
	written, err := os.ReadFile(o.out)
	require.NoError(t, err)
	require.Contains(t, string(written), "| the first | ok | 0.0 | all well |")
	c.out = filepath.Join(t.TempDir(), "nowhere", "report.md")
	require.ErrorIs(t, c.checkAll(t.Context()), fs.ErrNotExist)
}

// What a card's driver refuses at once is what its owner is asked to send.
func TestACardThatCannotBeOpenedIsInTheReport(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Name: "Stubborn"}}, Refuse: true, Log: "ptxas fatal: line 7 is wrong"})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	require.ErrorIs(t, run(t.Context(), o, io.Discard), errFailed)
	written, err := os.ReadFile(o.out)
	require.NoError(t, err)
	for _, want := range []string{"# ttad on Stubborn", "| open the card | FAILED |", "kernels.ptx:7", "ptxas fatal: line 7 is wrong"} {
		require.Contains(t, string(written), want)
	}
}

// A card that fails does not end the report, but the run.
func TestACardThatFailsIsInTheReport(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	c, err := newChecker(o, io.Discard)
	require.NoError(t, err)
	double.Fail("cuLaunchKernel", 0, 719)
	require.NoError(t, c.checkAll(t.Context()))
	require.True(t, c.report.failed())
	text := string(c.report.markdown())
	require.Contains(t, text, "| same answers as the processor: smallest | FAILED |")
	require.Contains(t, text, "CUDA_ERROR_LAUNCH_FAILED (719)")
}

func TestWithoutACardThereIsNoReport(t *testing.T) {
	o := options{card: cuda.Config{Library: "/nowhere/libcuda.so.1"}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	err := run(t.Context(), o, io.Discard)
	require.ErrorContains(t, err, "there is no card to check on this machine")
	require.NoFileExists(t, o.out)
}

func TestAProgramThatFailsLeavesItsLastWords(t *testing.T) {
	c := &checker{options: options{card: cuda.Config{Index: 2}}}
	_, err := c.command(t.Context(), c.target(), "sh", "-c", "echo $"+kindVariable+" $"+indexVariable+" is wrong; exit 3")
	require.ErrorContains(t, err, "cuda 2 is wrong")
	saw, err := c.command(t.Context(), target{"opencl", 3}, "sh", "-c", "echo first; echo ok $"+kindVariable+" $"+indexVariable)
	require.NoError(t, err)
	assert.Equal(t, "ok opencl 3", saw)
}

func TestHowTwoDevicesDiffer(t *testing.T) {
	want := []float32{1, 4, 2, 0}
	assert.Equal(t, difference{}, differ(want, want, 2))
	assert.Equal(t, difference{relative: 0.25, flips: 0}, differ([]float32{2, 4, 2, 0}, want, 2))
	assert.Equal(t, difference{relative: 1.25, flips: 1}, differ([]float32{6, 4, 2, 0}, want, 2))
	broken := differ([]float32{float32(math.NaN()), 4, 2, 0}, want, 2)
	assert.True(t, math.IsInf(broken.relative, 1), "what is no number is as far off as can be")
}

func TestFromWhichBatchOnTheCardIsFaster(t *testing.T) {
	times := func(ms ...int) (d []time.Duration) {
		for _, n := range ms {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	x := crossing{rows: []int{1, 4, 16}, processor: times(1, 4, 16)}
	for want, card := range map[string][]time.Duration{"4": times(3, 3, 3), "1": times(0, 0, 0), "none": times(0, 0, 20), "16": times(0, 5, 6)} {
		x.card = card
		assert.Equal(t, want, x.from())
	}
}

func TestTheRooflineIsTheSlowerOfArithmeticAndMemory(t *testing.T) {
	f := cuda.Facts{FLOPs: 1e12, Bandwidth: 1e9}
	assert.Equal(t, time.Second, (&timing{flops: 1e12, bytes: 1e8}).least(f))
	assert.Equal(t, 2*time.Second, (&timing{flops: 1e12, bytes: 2e9}).least(f))
}

// Whoever interrupts gets a report of what was done.
func TestAnInterruptedCheckIsAFailure(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	o := options{card: cuda.Config{Library: double.Library()}, out: filepath.Join(t.TempDir(), "report.md"), load: small()}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, o, io.Discard), context.Canceled)
	require.FileExists(t, o.out)
}

// What only a card can run can at least be built here.
func TestTheWorkForACardCanBeBuilt(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	o, err := parseOptions(nil)
	require.NoError(t, err)
	for _, n := range append(o.load.parity, o.load.timed...) {
		g, err := n.model()
		require.NoError(t, err, n.name)
		require.Positive(t, models.Describe(g).FLOPs, n.name)
		require.Positive(t, n.rows, n.name)
	}
}

func TestWhatNVIDIAsOwnProgramSays(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.Empty(t, manager(), "it is not there")
	script := "#!/bin/sh\necho '0, Card A, 535.1'\necho '1, Card B, 535.1'\n"
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("PATH"), "nvidia-smi"), []byte(script), 0o700))
	require.Equal(t, "0, Card A, 535.1; 1, Card B, 535.1", manager())
}
