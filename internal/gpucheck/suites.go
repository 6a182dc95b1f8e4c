package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kindVariable tells this package's test which kind of device to run the conformance
// suite on; without it that test is skipped.
const kindVariable = "TTAD_GPU_CHECK"

// suiteChecks are the conformance suites. They are tests, so go test runs them.
func (c *checker) suiteChecks() []check {
	list := []check{{"conformance suite on CUDA", func(ctx context.Context) (string, error) { return goTest(ctx, "cuda") }}}
	if c.opencl {
		list = append(list, check{"conformance suite on the card's OpenCL", func(ctx context.Context) (string, error) { return goTest(ctx, "opencl") }})
	}
	for _, tool := range []string{"memcheck", "racecheck"} {
		list = append(list, check{"compute-sanitizer " + tool, func(ctx context.Context) (string, error) { return sanitize(ctx, tool) }})
	}
	return list
}

func goTest(ctx context.Context, kind string) (string, error) {
	return command(ctx, kind, "go", "test", "-count=1", "-run", "^TestCard$", "./internal/gpucheck")
}

// sanitize runs the operators under a checker of NVIDIA's toolkit, if it is here.
func sanitize(ctx context.Context, tool string) (saw string, err error) {
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
	if saw, err := command(ctx, "cuda", "go", "test", "-c", "-o", binary, "./internal/gpucheck"); err != nil {
		return saw, err
	}
	return command(ctx, "cuda", program, "--tool", tool, "--error-exitcode", "9", binary, "-test.run", "^TestCard$/^operators$")
}

// errSkipped says that a check could not be made and nothing is wrong for that.
var errSkipped = errors.New("skipped")

// tail is how much of a program's output a report has.
const tail = 4000

// command runs a program and returns its last words, which are the error if it fails.
func command(ctx context.Context, kind, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), kindVariable+"="+kind)
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, text[max(0, len(text)-tail):])
	}
	last := text[strings.LastIndex(text, "\n")+1:]
	return last, nil
}
