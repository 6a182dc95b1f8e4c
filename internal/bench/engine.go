package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// scripts are the other engines' processes: each speaks what process.go says.
//
//go:embed ort.mjs torch_peer.py numpy_peer.py
var scripts embed.FS

const workerArg = "worker"

// engine is a program that runs models.
type engine struct {
	name    string
	argv    []string
	product bool // knows matrix products only
}

func (e engine) runs(j job) bool { return !e.product || j.product }

// peer is an engine that may not be installed.
type peer struct {
	engine
	probe  []string // ends well where the engine can be used
	remedy string
}

// findEngines returns our engine and the others found here; absent says which
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
	found = []engine{{name: "ttad", argv: []string{self, workerArg}}}
	for _, p := range peers(o, dir, modules) {
		if exec.CommandContext(ctx, p.probe[0], p.probe[1:]...).Run() != nil {
			absent = append(absent, fmt.Sprintf("%s was not found: %s.", p.name, p.remedy))
			continue
		}
		found = append(found, p.engine)
	}
	return found, absent, ctx.Err()
}

func peers(o options, dir, modules string) []peer {
	ort, torch, numpy := filepath.Join(dir, "ort.mjs"), filepath.Join(dir, "torch_peer.py"), filepath.Join(dir, "numpy_peer.py")
	return []peer{
		{engine{name: "ONNX Runtime", argv: []string{o.node, ort, modules}}, []string{o.node, ort, modules}, "run 'make bench-peers' (needs node and npm)"},
		{engine{name: "PyTorch", argv: []string{o.python, torch}}, []string{o.python, "-c", "import torch"}, "on Debian, apt-get install python3-torch"},
		{engine{name: "NumPy", argv: []string{o.python, numpy}, product: true}, []string{o.python, "-c", "import numpy"}, "on Debian, apt-get install python3-numpy"},
	}
}
