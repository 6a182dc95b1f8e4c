package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/models/onnx"
)

// work is our own engine's process; args hold the task.
func work(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("worker: %d arguments, want the task as JSON", len(args))
	}
	var t task
	if err := json.Unmarshal([]byte(args[0]), &t); err != nil {
		return fmt.Errorf("worker: read the task: %w", err)
	}
	return forwards(t, func(forward func(context.Context) (*models.Output, error)) error {
		first, err := forward(ctx)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(greeting{Engine: "ttad", Answers: first.Logits.Data}); err != nil {
			return fmt.Errorf("worker: greet: %w", err)
		}
		return serve(in, out, func() error { _, err := forward(ctx); return err })
	})
}

// serve answers every line, a number of batches, with the seconds they took.
func serve(in io.Reader, out io.Writer, batch func() error) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return fmt.Errorf("worker: %q, want a number of batches", lines.Text())
		}
		start := time.Now()
		for range n {
			if err := batch(); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(out, time.Since(start).Seconds()); err != nil {
			return fmt.Errorf("worker: answer: %w", err)
		}
	}
	return nil
}

// forwards opens a session for a task and hands its forward to use.
func forwards(t task, use func(forward func(context.Context) (*models.Output, error)) error) (err error) {
	g, in, err := load(t)
	if err != nil {
		return err
	}
	device, err := cpu.New(cpu.Config{Threads: t.Threads})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	plan, err := models.NewPlan(g, []accel.Device{device}, t.Shape[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plan.Close()) }()
	session, err := plan.NewSession()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()

	overlay, out := overlayOf(t, g), &models.Output{}
	return use(func(ctx context.Context) (*models.Output, error) {
		return out, session.ForwardInto(ctx, []*accel.Tensor{in}, t.Shape[0], overlay, models.Keep{}, out)
	})
}

func load(t task) (*models.Graph, *accel.Tensor, error) {
	file, err := os.ReadFile(t.Model)
	if err != nil {
		return nil, nil, fmt.Errorf("read the model: %w", err)
	}
	g, err := onnx.Import("bench", file, onnx.Options{})
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(t.Input)
	if err != nil {
		return nil, nil, fmt.Errorf("read the batch: %w", err)
	}
	if want := 4 * accel.Elements(t.Shape); len(t.Shape) == 0 || len(data) != want {
		return nil, nil, fmt.Errorf("%s has %d bytes, a batch %v has %d", t.Input, len(data), t.Shape, want)
	}
	in := accel.NewTensor(t.Shape...)
	for i := range in.Data {
		in.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return g, in, nil
}

func overlayOf(t task, g *models.Graph) *models.Overlay {
	o := &models.Overlay{}
	if t.Mode != blended {
		return o
	}
	rules := make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: t.SourceWeight}
	}
	o.SetNorms(fmt.Sprintf("blend(%g)", t.SourceWeight), rules)
	return o
}
