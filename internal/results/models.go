package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ttad/internal/npyfile"
)

// batchOnly are pipelines that differ in how far they trust the batch.
func batchOnly() []pipeline {
	return []pipeline{
		{"source", "[source]"},
		{"alphabn09", "[alphabn: {source_weight: 0.9}]"},
		{"alphabn0", "[alphabn: {source_weight: 0}]"},
	}
}

// writeModels compares a deeper network, in shuffled order.
func writeModels(ctx context.Context, r *runner, p plan, b *strings.Builder) error {
	cfg, err := r.writeConfig(setup{name: "resnet56", model: "resnet56.onnx", pipelines: batchOnly(), batch: 200})
	if err != nil {
		return err
	}
	t, err := r.table(ctx, cfg, p, order{name: "ResNet-56", file: ""})
	if err != nil {
		return err
	}
	b.WriteString("\n## ResNet-56\n\nRows in file order (classes mixed), batches of 200.\n\n")
	writeTable(b, t, batchOnly())
	return nil
}

// writeFolded compares alphabn on a folded export, through calibration, with
// alphabn on the export that kept its BatchNormalization.
func writeFolded(ctx context.Context, r *runner, p plan, b *strings.Builder) error {
	augmented := filepath.Join(r.work, "augmented.npy")
	if err := augment(filepath.Join(r.data, "cifar10-source", "train_sample.png"), augmented); err != nil {
		return err
	}
	columns := []setup{{name: "unfolded", model: "resnet20.onnx"}}
	for _, source := range []struct{ name, rows string }{{"augmented", augmented}, {"plain", r.cifar("calibration_clean.npy")}} {
		stats := filepath.Join(r.work, source.name+".json")
		if err := r.calibrate(ctx, source.rows, stats); err != nil {
			return err
		}
		columns = append(columns, setup{name: source.name, model: "resnet20_bn_folded.onnx", calibration: stats})
	}
	merged, names := table{rows: make([]tableRow, len(p.corruptions))}, []pipeline(nil)
	for _, s := range columns {
		s.pipelines, s.batch = []pipeline{{"main", "[alphabn: {source_weight: 0}]"}}, 200
		cfg, err := r.writeConfig(s)
		if err != nil {
			return err
		}
		t, err := r.table(ctx, cfg, p, order{})
		if err != nil {
			return err
		}
		names = append(names, pipeline{name: s.name})
		for i, row := range t.rows {
			if merged.rows[i].error == nil {
				merged.rows[i] = tableRow{stream: row.stream, count: row.count, error: map[string]float64{}}
			}
			merged.rows[i].error[s.name] = row.error["main"]
		}
	}
	b.WriteString(foldedHead)
	writeTable(b, merged, names)
	return nil
}

const foldedHead = `
## BatchNormalization folded away

ResNet-20, ` + "`alphabn: {source_weight: 0}`" + `, batches of 200, rows in file order: on the export that kept its nodes, and on the
folded one calibrated on 2,500 training images, cropped and flipped as in training (augmented), or on 1,000 clean test images as
they are (plain). [ADR 4](adr/0004-calibrating-folded-models.md) says why these differ.

`

func (r *runner) calibrate(ctx context.Context, rows, stats string) error {
	cmd := exec.CommandContext(ctx, r.bin, "model", "calibrate", r.model("resnet20_bn_folded.onnx"), "--inputs", rows, "-o", stats,
		"--layout", "nhwc", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ttad model calibrate on %s: %w", rows, err)
	}
	return nil
}

// side of a CIFAR image, and the border random crops move in.
const side, border = 32, 4

// augment writes the strip's images, each shifted by up to four pixels on a black
// border and half of them mirrored, as [n 32 32 3] bytes.
func augment(strip, out string) error {
	f, err := os.Open(strip)
	if err != nil {
		return err
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", strip, err)
	}
	count := img.Bounds().Dy() / side
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 0, count*side*side*3)
	for i := range count {
		dx, dy, mirror := random.IntN(2*border+1)-border, random.IntN(2*border+1)-border, random.IntN(2) == 1
		values = appendCrop(values, img, i, dx, dy, mirror)
	}
	return npyfile.SaveFloat32(out, []int{count, side, side, 3}, values)
}

// appendCrop appends image i moved by (dx, dy), mirrored or not, preprocessed as
// the model wants it, for float inputs are taken as they are.
func appendCrop(values []float32, img image.Image, i, dx, dy int, mirror bool) []float32 {
	mean, std := [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}
	for y := range side {
		for x := range side {
			sx, sy := x+dx, y+dy
			if mirror {
				sx = side - 1 - x + dx
			}
			var rgb [3]float32 // black beyond the image
			if sx >= 0 && sx < side && sy >= 0 && sy < side {
				r, g, b, _ := img.At(img.Bounds().Min.X+sx, img.Bounds().Min.Y+i*side+sy).RGBA()
				rgb = [3]float32{float32(r>>8) / 255, float32(g>>8) / 255, float32(b>>8) / 255}
			}
			for c := range rgb {
				values = append(values, (rgb[c]-mean[c])/std[c])
			}
		}
	}
	return values
}
