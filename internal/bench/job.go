package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ttad/accel"
	"ttad/models/onnx"
)

// mode is how a model's normalization treats a batch.
type mode string

const (
	frozen  mode = "frozen"   // stored statistics
	blended mode = "alpha-BN" // stored and batch statistics, half and half
)

const sourceWeight = 0.5

// job is one model at one batch size and number of threads; its modes and
// engines take turns.
type job struct {
	name    string
	file    map[mode]string // ONNX as it is, and with batch statistics in the graph
	modes   []mode
	input   string // file of float32 values, little-endian
	shape   []int  // of the input; the first extent is the batch
	threads int
	product bool // a single matrix product, which libraries for those do, too
}

func (j job) String() string {
	return fmt.Sprintf("%s, batch %d, threads %d", j.name, j.rows(), j.threads)
}

func (j job) rows() int { return j.shape[0] }

// workload is a model and the batches it is measured at.
type workload struct {
	name    string
	model   *onnx.Model
	modes   []mode
	rows    []int
	product bool
}

// workloads lists what can be run; notes say what cannot.
func workloads(data string) (list []workload, notes []string, err error) {
	path := filepath.Join(data, "models", "resnet20.onnx")
	switch bytes, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		notes = append(notes, "ResNet-20 was not run: no models/resnet20.onnx in the folder -data names.")
	case err != nil:
		return nil, nil, fmt.Errorf("read ResNet-20: %w", err)
	default:
		m, err := onnx.Parse(bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		list = append(list, workload{"ResNet-20", m, []mode{frozen, blended}, []int{64, 200}, false})
	}
	return append(list,
		workload{"MLP 64→256→256→10", perceptron(64, 256, 256, 10), []mode{frozen, blended}, []int{64}, false},
		workload{"matrix product 512³", product(512), []mode{frozen}, []int{512}, true}), notes, nil
}

// writeJobs writes every workload's files into dir and lists the jobs.
func writeJobs(data, dir string) (jobs []job, notes []string, err error) {
	list, notes, err := workloads(data)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("make a folder for models: %w", err)
	}
	for i, w := range list {
		more, err := w.jobs(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", w.name, err)
		}
		jobs = append(jobs, more...)
	}
	return jobs, notes, nil
}

// jobs writes a workload's files, whose names begin with base.
func (w workload) jobs(base string) (jobs []job, err error) {
	j := job{name: w.name, modes: w.modes, product: w.product}
	if j.file, err = writeModels(w, base); err != nil {
		return nil, err
	}
	for _, rows := range w.rows {
		j.shape = []int{rows}
		for _, e := range w.model.Graph.Inputs[0].Dims[1:] {
			j.shape = append(j.shape, int(e.Value))
		}
		j.input = fmt.Sprintf("%s-%d.bin", base, rows)
		values := draw(uint64(rows), accel.Elements(j.shape), 1)
		if err := os.WriteFile(j.input, floatBytes(nil, values), 0o644); err != nil {
			return nil, fmt.Errorf("write a batch: %w", err)
		}
		for _, j.threads = range []int{1, 2} {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// writeModels writes one model in every form an engine reads; names begin with base.
func writeModels(w workload, base string) (map[mode]string, error) {
	files := map[mode]string{}
	for _, mode := range w.modes {
		m, path := w.model, base+"-"+string(mode)+".onnx"
		if mode == blended {
			var err error
			if m, err = withBatchStatistics(m, sourceWeight); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(path, onnx.Encode(m), 0o644); err != nil {
			return nil, fmt.Errorf("write a model: %w", err)
		}
		files[mode] = path
	}
	return files, writeListing(w.model, files[frozen])
}
