package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/opencl"
	"ttad/internal/networks"
	"ttad/models/onnx"
)

// devicesArg makes this program compare devices instead of engines.
const devicesArg = "devices"

// deviceOptions are what a comparison of devices can be told.
type deviceOptions struct {
	data, out string
	only      *regexp.Regexp
	rounds    int
	round     time.Duration
}

// onPaper is the batch for which a card's bounds are counted.
const onPaper = 64

// families are the workloads that are compared.
func families() []string {
	return []string{nameResNet20, nameResNet18, nameMobile, nameViT, nameMLP}
}

// compared is a model in one mode: on the processor's engine, on an OpenCL device,
// and on a card of paper.
type compared struct {
	name         string
	mode         mode
	rows         int
	engine, card float64 // rows a second; 0 where there is no OpenCL device
	asked        demand  // of the OpenCL device, by such a batch
	paper        demand  // of onPaper rows
}

// task says which rule its norms follow.
func (c *compared) task() task { return task{Mode: c.mode, SourceWeight: sourceWeight} }

func parseDeviceOptions(args []string) (o deviceOptions, err error) {
	flags := flag.NewFlagSet("bench devices", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "folder of the research data, for ResNet-20's trained weights; without it they are random")
	flags.StringVar(&o.out, "o", "", "document whose section \""+devicesTitle+"\" is replaced; default: standard output only")
	only := flags.String("only", "", "compare only models whose name matches this regular expression")
	flags.IntVar(&o.rounds, "rounds", 3, "rounds whose median counts")
	flags.DurationVar(&o.round, "round", 300*time.Millisecond, "time one device works in a round, about, and for one batch at least")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, err = chosen(*only, o.out, o.rounds, o.round)
	return o, err
}

// compareDevices measures and counts, and writes the section.
func compareDevices(ctx context.Context, o deviceOptions, out io.Writer) (err error) {
	r := &deviceReport{start: time.Now(), load: loadAverage(), options: o}
	resnet, notes, err := trained(o.data)
	if err != nil {
		return err
	}
	r.notes = notes
	engine, err := cpu.New(cpu.Config{Winograd: "auto"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	device, err := opencl.Open(opencl.Config{AllowProcessors: true})
	switch {
	case errors.Is(err, accel.ErrNoDevice):
		device = nil
		r.notes = append(r.notes, fmt.Sprintf("No OpenCL device was found: %v.", err))
	case err != nil:
		return err
	default:
		defer func() { err = errors.Join(err, device.Close()) }()
		r.device = device.Info()
	}
	if err := r.compareAll(ctx, resnet, engine, device); err != nil {
		return err
	}
	text := r.markdown()
	if _, err := io.WriteString(out, text); err != nil || o.out == "" {
		return err
	}
	return rewriteDocument(o.out, text)
}

// compareAll goes through the families; device is nil where there is none.
func (r *deviceReport) compareAll(ctx context.Context, resnet func() *onnx.Model, engine, device accel.Device) error {
	for _, w := range entire(resnet) {
		if !slices.Contains(families(), w.name) || !r.options.only.MatchString(w.name) {
			continue
		}
		more, err := w.compare(ctx, r.options, engine, device)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		r.lines = append(r.lines, more...)
	}
	return nil
}

// compare does a workload in its modes, at its first batch size.
func (w workload) compare(ctx context.Context, o deviceOptions, engine, device accel.Device) (all []compared, err error) {
	m := w.model()
	g, err := onnx.Import("bench", onnx.Encode(m), onnx.Options{})
	if err != nil {
		return nil, err
	}
	for _, mode := range w.modes {
		start := time.Now()
		c := compared{name: w.name, mode: mode, rows: w.rows[0]}
		if c.paper, err = demandOf(ctx, g, drawnFor(m, onPaper), c.task(), h100); err != nil {
			return nil, err
		}
		if err := c.race(ctx, o, g, drawnFor(m, c.rows), engine, device); err != nil {
			return nil, err
		}
		all = append(all, c)
		fmt.Fprintf(os.Stderr, "%4.0f s  %s, %s\n", time.Since(start).Seconds(), w.name, mode)
	}
	return all, nil
}

// drawnFor is a batch of so many rows for a model.
func drawnFor(m *onnx.Model, rows int) *accel.Tensor {
	shape := []int{rows}
	for _, e := range m.Graph.Inputs[0].Dims[1:] {
		shape = append(shape, int(e.Value))
	}
	return accel.TensorOf(networks.Draw(uint64(rows), accel.Elements(shape), 1), shape...)
}
