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
	Model        string  `json:"model"`     // ONNX as it is; .json and .bin beside it hold the listing
	Rewritten    string  `json:"rewritten"` // ONNX with batch statistics in the graph, or empty
	Mode         mode    `json:"mode"`
	SourceWeight float32 `json:"source_weight"`
	Input        string  `json:"input"`
	Shape        []int   `json:"shape"`
	Threads      int     `json:"threads"`
}

// greeting is the first line of an engine's process, written once it has run the
// model. After it, every line it reads is a number of batches and every line it
// writes the seconds they took, until its input ends.
type greeting struct {
	Engine  string    `json:"engine"`
	Answers []float32 `json:"answers"` // logits, row by row
}

// process is a running engine.
type process struct {
	greeting
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

const maxLine = 64 << 20 // bytes of a greeting

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

// peak returns the most memory the process has had resident, in MiB; 0 where the
// system does not tell. It asks Linux about the process itself, since what it
// reports about children after their end counts the parent's memory, too.
func (p *process) peak() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return highWater(string(status))
}

func highWater(status string) float64 {
	_, rest, _ := strings.Cut(status, "VmHWM:")
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
