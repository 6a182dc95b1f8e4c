package main

import (
	"fmt"
	"os"
	"path/filepath"

	"ttad/accel"
	"ttad/internal/networks"
	"ttad/models/onnx"
)

// kind is what a job's engines do in one batch.
type kind string

const (
	forwards kind = "forward" // of a model
	products kind = "product" // a forward of nothing but a matrix product
	replays  kind = "replay"  // of a recorded stream, from its file to its scores
	adjusts  kind = "lame"    // probabilities of a batch to each other, without a model
)

// mode is how a model's normalization treats a batch, or which of a job's two
// ways is meant.
type mode string

const (
	frozen   mode = "frozen"   // stored statistics
	blended  mode = "alpha-BN" // stored and batch statistics, half and half
	bare     mode = "its forwards alone"
	replayed mode = "all of it"
	gaussian mode = "rbf" // LAME's affinity
)

const sourceWeight = 0.5

// job is one workload at one batch size and number of threads; its modes and
// engines take turns.
type job struct {
	workload

	file  map[mode]string // ONNX as it is under frozen, and with batch statistics in the graph
	input string          // file of float32 values, little-endian; of a replay, npy
	shape []int           // of the input; the first extent is the rows done at a time
	on    int             // threads
}

func (j job) String() string {
	return fmt.Sprintf("%s, batch %d, threads %d", j.name, j.batch(), j.on)
}

func (j job) rows() int { return j.shape[0] }

// batch is the rows of one forward.
func (j job) batch() int {
	if j.kind == replays {
		return replayBatch
	}
	return j.rows()
}

// jobs writes a workload's files into a folder that is its own and lists its jobs.
func (w workload) jobs(dir string) (jobs []job, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", w.name, err)
	}
	if w.kind == adjusts {
		return w.adjusting(dir)
	}
	j := job{workload: w}
	m := w.model()
	if j.file, err = writeModels(m, w.modes, dir); err != nil {
		return nil, fmt.Errorf("%s: %w", w.name, err)
	}
	for _, rows := range w.rows {
		j.shape = []int{rows}
		for _, e := range m.Graph.Inputs[0].Dims[1:] {
			j.shape = append(j.shape, int(e.Value))
		}
		if j.input, err = writeInput(w.kind, j.shape, dir); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		for _, j.on = range w.threads {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// writeInput draws rows of the given shape.
func writeInput(k kind, shape []int, dir string) (path string, err error) {
	values := networks.Draw(uint64(shape[0]), accel.Elements(shape), 1)
	if k == replays {
		return writeStream(shape, values, dir)
	}
	path = filepath.Join(dir, fmt.Sprintf("%d.bin", shape[0]))
	if err := os.WriteFile(path, floatBytes(nil, values), 0o644); err != nil {
		return "", fmt.Errorf("write a batch: %w", err)
	}
	return path, nil
}

// writeModels writes a model in every form an engine reads.
func writeModels(m *onnx.Model, modes []mode, dir string) (map[mode]string, error) {
	files := map[mode]string{frozen: filepath.Join(dir, "model.onnx")}
	if err := writeModel(m, files[frozen]); err != nil {
		return nil, err
	}
	for _, mode := range modes {
		if mode != blended {
			continue
		}
		rewritten, err := withBatchStatistics(m, sourceWeight)
		if err != nil {
			return nil, err
		}
		files[mode] = filepath.Join(dir, "rewritten.onnx")
		if err := writeModel(rewritten, files[mode]); err != nil {
			return nil, err
		}
	}
	return files, writeListing(m, files[frozen])
}

func writeModel(m *onnx.Model, path string) error {
	if err := os.WriteFile(path, onnx.Encode(m), 0o644); err != nil {
		return fmt.Errorf("write a model: %w", err)
	}
	return nil
}
