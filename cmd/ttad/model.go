package main

import (
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"ttad/accel"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/models"
	"ttad/models/onnx"
)

// modelFlags are what a model needs beside its file.
type modelFlags struct {
	cfg     models.Config
	maxRows int
	threads int
	device  string
	cpu     configs.CPUConfig
	plan    bool
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.cfg.Logits, "logits", "", "graph `value` with the logits (default: found)")
	cmd.Flags().StringVar(&f.cfg.Features, "features", "", "graph `value` with the features (default: found)")
	cmd.Flags().IntVar(&f.threads, "threads", 0, "CPU workers, 0 for all")
}

func newModelCommand(a *app) *cobra.Command {
	f := &modelFlags{cfg: models.DefaultConfig()}
	cmd := &cobra.Command{
		Use:   "model FILE",
		Short: "Describe an ONNX model: inputs, classes, norm nodes, cost, placement",
		Long: `Model prints what ttad sees in an ONNX file: inputs, logits, features, the norm
nodes strategies can adapt, parameters, FLOPs a row and the device it would run on.
Nodes a device has no kernel for go to the CPU; it then lists the parts and why. When BatchNormalization was folded away at export it says so, and what to do.

With --plan it also prints how the device runs the model: kernels in order, the nodes
melted into each, and where every result lies. A model with norm nodes has two plans,
for batches in which all of them keep their source statistics and for all others.`,
		Example: `  ttad model resnet20.onnx
  ttad model resnet20.onnx --json
  ttad model resnet20.onnx --plan --rows 200
  ttad model resnet20.onnx --device opencl
  ttad model resnet20.onnx --calibration stats.json
  ttad model calibrate folded.onnx --inputs source.npy -o stats.json`,
		GroupID: groupLook,
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f.cfg.File = args[0]
			return a.describeModel(f)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.cfg.Calibration, "calibration", "", "`FILE` of moments from 'ttad model calibrate'")
	cmd.Flags().IntVar(&f.maxRows, "rows", 64, "`rows` of a batch to plan for")
	cmd.Flags().BoolVar(&f.plan, "plan", false, "print the device's kernels and memory, too")
	cmd.Flags().StringVar(&f.device, "device", "cpu", "`kind` of device to place it on: "+strings.Join(kindsOfDevices(), ", "))
	cmd.Flags().StringVar(&f.cpu.ISA, "isa", "auto", "the most the CPU's `kernels` may use: auto, avx512, avx2, neon or generic")
	cmd.Flags().StringVar(&f.cpu.Winograd, "winograd", "auto", "Winograd's algorithm for 3x3 convolutions: `auto` or off")
	cmd.AddCommand(newCalibrateCommand(a))
	return cmd
}

// modelReport is what 'ttad model --json' prints.
type modelReport struct {
	models.Description
	Device string       `json:"device"`
	Steps  int          `json:"steps"`
	Parts  []partReport `json:"parts"`
	// Schedules are there with --plan.
	Schedules []accel.Schedule `json:"schedules,omitempty"`
}

func (a *app) describeModel(f *modelFlags) error {
	g, err := onnx.Load(f.cfg, ".")
	if err != nil {
		return err
	}
	if kinds := kindsOfDevices(); !slices.Contains(kinds, f.device) {
		return usageErrorf("--device %q is not one of %s", f.device, strings.Join(kinds, ", "))
	}
	devices, err := daemon.OpenDevices(configs.DeviceConfig{Prefer: []string{f.device}, Threads: f.threads, CPU: f.cpu}, zerolog.Nop())
	if err != nil {
		return err
	}
	defer daemon.CloseDevices(devices)
	plan, err := models.NewPlan(g, devices, f.maxRows)
	if err != nil {
		return err
	}
	defer plan.Close()
	p := plan.Placement()
	r := modelReport{Description: models.Describe(g), Device: p.String(), Steps: p.Steps, Parts: partsOf(p)}
	if f.plan {
		r.Schedules = plan.Schedules()
	}
	if a.json {
		return a.printJSON(r)
	}
	if err := r.Description.WriteText(a.stdout); err != nil {
		return err
	}
	if err := writePlacement(a.stdout, p); err != nil || !f.plan {
		return err
	}
	return writeSchedules(a.stdout, f.maxRows, r.Schedules)
}
