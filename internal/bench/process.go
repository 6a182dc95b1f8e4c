package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// task is what an engine's process is told, as JSON in its last argument.
type task struct {
	Kind         kind    `json:"kind"`
	Mode         mode    `json:"mode"`
	Model        string  `json:"model"`     // ONNX as it is; .json and .bin beside it hold the listing
	Rewritten    string  `json:"rewritten"` // ONNX with batch statistics in the graph, or empty
	SourceWeight float32 `json:"source_weight"`
	Input        string  `json:"input"`
	Shape        []int   `json:"shape"`
	Threads      int     `json:"threads"`
	Flops        float64 `json:"flops"` // of a batch, or 0 where it is not all multiply-adds of one kernel
}

// The first line of an engine's process is empty, written before it reads
// anything of the task. The second is a greeting, written once it has done the
// task. After it, every line it reads is a number of batches and every line it
// writes the seconds they took, until its input ends.

// greeting names an engine and gives its answers: values row by row, of a long
// list only every (length / mostAnswers | 1)th, so that memory is not spent on it.
type greeting struct {
	Engine  string    `json:"engine"`
	Answers []float32 `json:"answers"`
}

const mostAnswers = 4096

// process is a running engine.
type process struct {
	greeting
	idle  float64 // MiB resident before the task
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

const maxLine = 1 << 20 // bytes of a greeting

// start runs an engine and waits for its greeting.
func start(ctx context.Context, e engine, t task) (*process, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("describe the task: %w", err)
	}
	p := &process{cmd: exec.CommandContext(ctx, e.argv[0], append(e.argv[1:len(e.argv):len(e.argv)], string(text))...)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = environment(os.Environ(), t.Threads)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	p.lines.Buffer(nil, maxLine)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", e.name, err)
	}
	if err := p.greet(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", e.name, err), p.close())
	}
	return p, nil
}

// environment holds engines that ask it to the number of threads, and drops what
// would make OpenBLAS slower than it is.
func environment(base []string, threads int) []string {
	var out []string
	for _, v := range base {
		if !strings.HasPrefix(v, "OPENBLAS_") {
			out = append(out, v)
		}
	}
	for _, name := range []string{"GOMAXPROCS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"} {
		out = append(out, fmt.Sprintf("%s=%d", name, threads))
	}
	return out
}

func (p *process) line() ([]byte, error) {
	if p.lines.Scan() {
		return p.lines.Bytes(), nil
	}
	return nil, fmt.Errorf("the process ended early: %w", errors.Join(p.lines.Err(), io.ErrUnexpectedEOF))
}

func (p *process) greet() error {
	if line, err := p.line(); err != nil || len(line) > 0 {
		return errors.Join(err, fmt.Errorf("its first line is %q, want none", line))
	}
	p.idle = p.memory("VmRSS")
	line, err := p.line()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &p.greeting); err != nil {
		return fmt.Errorf("read its greeting: %w", err)
	}
	return nil
}

// run returns the seconds a number of batches took.
func (p *process) run(batches int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, batches); err != nil {
		return 0, fmt.Errorf("ask %s for %d batches: %w", p.Engine, batches, err)
	}
	line, err := p.line()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.Engine, err)
	}
	seconds, err := strconv.ParseFloat(string(line), 64)
	if err != nil || seconds <= 0 {
		return 0, fmt.Errorf("%s answered %q, want seconds", p.Engine, line)
	}
	return seconds, nil
}

// memory returns what Linux says of the process, in MiB; 0 where the system does
// not tell. VmHWM is the most it has had resident: what is reported about children
// after their end counts the parent's memory, too.
func (p *process) memory(field string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return statusMiB(string(status), field)
}

func statusMiB(status, field string) float64 {
	_, rest, _ := strings.Cut(status, field+":")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}

func (p *process) close() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}
