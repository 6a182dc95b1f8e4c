package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ttad/accel"
	"ttad/accel/opencl"
)

// Variables that tell this package's test which device to run the conformance suite
// on. Without the first that test is skipped.
const (
	kindVariable    = "TTAD_GPU_CHECK"
	indexVariable   = "TTAD_GPU_INDEX"
	libraryVariable = "TTAD_GPU_LIBRARY"
)

// suiteChecks are the conformance suites. They are tests, so go test runs them.
func (c *checker) suiteChecks() []check {
	list := []check{{"conformance suite on CUDA", func(ctx context.Context) (string, error) { return c.goTest(ctx, c.target()) }}}
	if c.opencl {
		list = append(list, check{"conformance suite on the card's OpenCL", func(ctx context.Context) (string, error) { return c.openCL(ctx) }})
	}
	for _, tool := range []string{"memcheck", "racecheck"} {
		list = append(list, check{"compute-sanitizer " + tool, func(ctx context.Context) (string, error) { return c.sanitize(ctx, tool) }})
	}
	return list
}

// openCL runs the suite on the card's OpenCL, if there is such a thing.
func (c *checker) openCL(ctx context.Context) (string, error) {
	found, err := opencl.Discover(opencl.Config{})
	index := slices.IndexFunc(found, func(f accel.Found) bool { return f.Refused == nil })
	if index < 0 {
		return fmt.Sprintf("no card with OpenCL (%v)", err), errSkipped
	}
	return c.goTest(ctx, target{"opencl", index})
}

// target is the device a suite runs on.
type target struct {
	kind  string
	index int // among those of its kind
}

// target is the card that is checked.
func (c *checker) target() target { return target{"cuda", c.card.Index} }

func (c *checker) goTest(ctx context.Context, on target) (string, error) {
	return c.command(ctx, on, "go", "test", "-count=1", "-timeout=1h", "-run", "^TestCard$", "./internal/gpucheck")
}

// sanitize runs the operators under a checker of NVIDIA's toolkit, if it is here.
func (c *checker) sanitize(ctx context.Context, tool string) (saw string, err error) {
	program, err := exec.LookPath("compute-sanitizer")
	if err != nil {
		return "compute-sanitizer is not installed", errSkipped
	}
	dir, err := os.MkdirTemp("", "ttad-gpucheck-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "check.test")
	if saw, err := c.command(ctx, c.target(), "go", "test", "-c", "-o", binary, "./internal/gpucheck"); err != nil {
		return saw, err
	}
	return c.command(ctx, c.target(), program, "--tool", tool, "--error-exitcode", "9", binary, "-test.run", "^TestCard$/^operators$")
}

// errSkipped says that a check could not be made and nothing is wrong for that.
var errSkipped = errors.New("skipped")

// tail is how much of a program's output a report has.
const tail = 4000

// command runs a program and returns its last words, which are the error if it fails.
func (c *checker) command(ctx context.Context, on target, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), kindVariable+"="+on.kind,
		indexVariable+"="+strconv.Itoa(on.index), libraryVariable+"="+c.card.Library)
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, text[max(0, len(text)-tail):])
	}
	last := text[strings.LastIndex(text, "\n")+1:]
	return last, nil
}
