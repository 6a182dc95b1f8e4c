package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/networks"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/models"
	"ttad/tta/builtin"
)

// A replay is asked for replayedRows rows at a time, in batches of replayBatch.
const (
	replayBatch  = 64
	replayedRows = 8 * replayBatch
)

// writeStream writes images as they are recorded, channels last, and a label for
// each beside them.
func writeStream(shape []int, values []float32, dir string) (path string, err error) {
	path = filepath.Join(dir, "stream.npy")
	last := []int{shape[0], shape[2], shape[3], shape[1]}
	labels := make([]int, shape[0])
	for i := range labels {
		labels[i] = i % 10
	}
	return path, errors.Join(npyfile.SaveFloat32(path, last, values), npyfile.SaveInts(labelsOf(path), labels))
}

func labelsOf(path string) string { return path + ".labels.npy" }

// openReplay does what 'ttad replay' does with one alphabn pipeline. The answers
// are both pipelines' scores.
func openReplay(t task, c cpu.Config, use func(batch) error) error {
	data, err := replay.Load(replay.Files{Inputs: []string{t.Input}, Labels: []string{labelsOf(t.Input)}})
	if err != nil {
		return err
	}
	return onDevice(c, func(d *cpu.Device) error {
		g, err := openGroup(t, d)
		if err != nil {
			return err
		}
		return errors.Join(use(func(ctx context.Context) ([]float32, error) {
			r, err := replay.Run(ctx, g, data, replay.Options{})
			if err != nil {
				return nil, err
			}
			return []float32{float32(r.Pipelines[0].Brier), float32(r.Pipelines[1].Brier)}, nil
		}), g.Close())
	})
}

func openGroup(t task, d *cpu.Device) (*daemon.Group, error) {
	text := fmt.Sprintf(`version: 1
bus: {servers: ["nats://127.0.0.1:4222"]}
groups:
  g:
    model: {file: %q}
    input: {layout: nhwc, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
    batch: {max_rows: %d}
    pipelines:
      - {name: main, role: champion, strategies: [alphabn: {source_weight: %g}]}
`, t.Model, replayBatch, t.SourceWeight)
	cfg, err := configs.Load("bench.yaml", []byte(text), builtin.Registry(), nil)
	if err != nil {
		return nil, err
	}
	return daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{
		Devices: []accel.Device{d}, Registry: builtin.Registry(), Log: zerolog.Nop(),
	})
}

// openBare runs the forwards a replay of the same rows rests on: each batch with
// stored statistics, for the source model's answers, and with the batch's mixed in.
func openBare(t task, c cpu.Config, use func(batch) error) error {
	g, err := loadGraph(t.Model)
	if err != nil {
		return err
	}
	in := accel.NewTensor(g.Inputs[0].Shape.At(replayBatch)...)
	copy(in.Data, networks.Draw(1, len(in.Data), 1))
	return onDevice(c, func(d *cpu.Device) error {
		return onPlan(g, d, replayBatch, func(_ *models.Plan, s *models.Session) error {
			source, mixed := forward(s, in, &models.Overlay{}), forward(s, in, mixture(g, t.SourceWeight))
			return use(func(ctx context.Context) (answers []float32, err error) {
				for range t.Shape[0] / replayBatch {
					if _, err = source(ctx); err != nil {
						return nil, err
					}
					if answers, err = mixed(ctx); err != nil {
						return nil, err
					}
				}
				return answers, nil
			})
		})
	})
}
