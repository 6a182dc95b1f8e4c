package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/models/onnx"
)

// openForward runs the task's model; a batch brings its rows in and its logits out.
func openForward(t task, c cpu.Config, use func(batch) error) error {
	g, in, err := load(t)
	if err != nil {
		return err
	}
	return onDevice(c, func(d *cpu.Device) error {
		return onPlan(g, d, t.Shape[0], func(_ *models.Plan, s *models.Session) error {
			return use(forward(s, in, overlayOf(t, g)))
		})
	})
}

// onPlan opens a session for batches of that many rows for use and closes it.
func onPlan(g *models.Graph, d accel.Device, rows int, use func(*models.Plan, *models.Session) error) (err error) {
	plan, err := models.NewPlan(g, []accel.Device{d}, rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plan.Close()) }()
	s, err := plan.NewSession()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return use(plan, s)
}

func forward(s *models.Session, in *accel.Tensor, overlay *models.Overlay) batch {
	inputs, out := []*accel.Tensor{in}, &models.Output{}
	return func(ctx context.Context) ([]float32, error) {
		if err := s.ForwardInto(ctx, inputs, in.Shape[0], overlay, models.Keep{}, out); err != nil {
			return nil, err
		}
		return out.Logits.Data, nil
	}
}

func load(t task) (*models.Graph, *accel.Tensor, error) {
	g, err := loadGraph(t.Model)
	if err != nil {
		return nil, nil, err
	}
	in, err := readBatch(t.Input, t.Shape)
	return g, in, err
}

func loadGraph(path string) (*models.Graph, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	return onnx.Import("bench", file, onnx.Options{})
}

// readBatch reads the float32 values of one array.
func readBatch(path string, shape []int) (*accel.Tensor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the batch: %w", err)
	}
	if want := 4 * accel.Elements(shape); len(shape) == 0 || len(data) != want {
		return nil, fmt.Errorf("%s has %d bytes, a batch %v has %d", path, len(data), shape, want)
	}
	in := accel.NewTensor(shape...)
	for i := range in.Data {
		in.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return in, nil
}

// overlayOf is the rule for every norm that a mode stands for.
func overlayOf(t task, g *models.Graph) *models.Overlay {
	if t.Mode != blended {
		return &models.Overlay{}
	}
	return mixture(g, t.SourceWeight)
}

// mixture gives stored moments the weight and the batch's the rest.
func mixture(g *models.Graph, sourceWeight float32) *models.Overlay {
	o, rules := &models.Overlay{}, make([]accel.NormRule, len(g.Norms))
	for i := range rules {
		rules[i] = accel.NormRule{Mode: accel.NormBlend, SourceWeight: sourceWeight}
	}
	o.SetNorms(fmt.Sprintf("blend(%g)", sourceWeight), rules)
	return o
}
