package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"ttad/accel/cpu/kernel"
)

// scripts are the other engines' processes: each speaks what process.go says.
//
//go:embed ort.mjs *.py
var scripts embed.FS

// workerArg makes this program an engine's process: which one, and on what
// instructions, the next arguments say.
const workerArg = "worker"

// Names of engines that the report knows. Peers are the rest.
const (
	ttadDirect   = "ttad direct"
	ttadWinograd = "ttad Winograd"
	fmaLoop      = "FMA loop"
	onnxRuntime  = "ONNX Runtime"
	pyTorch      = "PyTorch"
)

// engine is a program that does jobs.
type engine struct {
	name string
	argv []string
	runs func(job) bool
}

func (e engine) ours() bool { return e.name == ttadDirect || e.name == ttadWinograd }

// peer is an engine that may not be installed.
type peer struct {
	engine
	probe  []string // ends well where the engine can be used
	remedy string
}

// findEngines returns our engines and the others found here; absent says which
// were not. Their scripts are written into dir.
func findEngines(ctx context.Context, o options, dir string) (found []engine, absent []string, err error) {
	if err := os.CopyFS(dir, scripts); err != nil {
		return nil, nil, fmt.Errorf("write the engines' scripts: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program: %w", err)
	}
	modules, err := filepath.Abs(o.modules)
	if err != nil {
		return nil, nil, err
	}
	found = own(self, o.isa)
	for _, p := range peers(o, dir, modules) {
		if exec.CommandContext(ctx, p.probe[0], p.probe[1:]...).Run() != nil {
			absent = append(absent, fmt.Sprintf("%s was not found: %s.", p.name, p.remedy))
			continue
		}
		found = append(found, p.engine)
	}
	limit, absence := limitOf(self, o.isa)
	return append(found, limit...), append(absent, absence...), ctx.Err()
}

// own is ttad with and without Winograd's algorithm.
func own(self, isa string) []engine {
	return []engine{
		{ttadDirect, []string{self, workerArg, ttadDirect, isa}, func(job) bool { return true }},
		{ttadWinograd, []string{self, workerArg, ttadWinograd, isa}, func(j job) bool { return j.winograd }},
	}
}

// limitOf is the loop no kernel can be faster than, where there is one.
func limitOf(self, isa string) (found []engine, absent []string) {
	family, err := kernel.New(isa)
	if err != nil || family.Peak(1) == 0 {
		return nil, []string{"There is no loop of multiply-adds in assembly for these instructions, so no limit is shown."}
	}
	return []engine{{fmaLoop, []string{self, workerArg, fmaLoop, isa}, func(j job) bool { return j.flops > 0 }}}, nil
}

func peers(o options, dir, modules string) []peer {
	script := func(name string) string { return filepath.Join(dir, name) }
	network := func(j job) bool { return j.kind == forwards || j.kind == products }
	eager := func(j job) bool { return network(j) || j.kind == adjusts }
	product := func(j job) bool { return j.kind == products }
	ort := []string{o.node, script("ort.mjs"), modules}
	return []peer{
		{engine{onnxRuntime, ort, network}, ort, "run 'make bench-peers' (needs node and npm)"},
		{engine{pyTorch, []string{o.python, script("torch_peer.py")}, eager}, []string{o.python, "-c", "import torch"}, "on Debian, apt-get install python3-torch"},
		{engine{"NumPy", []string{o.python, script("numpy_peer.py")}, product}, []string{o.python, "-c", "import numpy"}, "on Debian, apt-get install python3-numpy"},
	}
}
