package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"ttad/internal/networks"
	"ttad/models/onnx"
)

// workload is something to do and the batches and threads it is measured at.
type workload struct {
	name    string
	kind    kind
	model   func() *onnx.Model // nil where none is needed
	modes   []mode
	rows    []int
	threads []int
	flops   float64 // of a row, where one kernel does all the work, so that the FMA loop is its limit
	// winograd says that the model has convolutions Winograd's algorithm is for.
	winograd bool
}

// Names that the bars ask for.
const (
	nameResNet20 = "ResNet-20"
	nameResNet18 = "ResNet-18 at 224×224"
	nameMobile   = "MobileNetV2 at 224×224"
	nameViT      = "ViT-Tiny at 224×224"
	nameMLP      = "MLP 64→256→256→10"
	nameReplay   = "ttad replay of ResNet-20 with alphabn"
	nameLAME     = "LAME rbf, 64 features, 10 classes"
	nameProduct  = "matrix product 512³"
)

// entire are the workloads whose rows are a whole network's.
func entire(resnet func() *onnx.Model) []workload {
	both, one := []mode{frozen, blended}, []mode{frozen}
	threads := []int{1, 2}
	mlp := func() *onnx.Model { return networks.Perceptron(64, 256, 256, 10) }
	return []workload{
		{name: nameResNet20, kind: forwards, model: resnet, modes: both, rows: []int{64, 200}, threads: threads, winograd: true},
		{name: nameResNet18, kind: forwards, model: networks.ResNet18, modes: both, rows: []int{8}, threads: threads, winograd: true},
		{name: nameMobile, kind: forwards, model: networks.MobileNetV2, modes: one, rows: []int{8}, threads: threads},
		{name: nameViT, kind: forwards, model: networks.VisionTiny, modes: one, rows: []int{8}, threads: threads},
		{name: nameMLP, kind: forwards, model: mlp, modes: both, rows: []int{64}, threads: threads},
		{name: "a call: ReLU of two values", kind: forwards, model: networks.Nothing, modes: one, rows: []int{1}, threads: []int{1}},
		{name: nameReplay, kind: replays, model: resnet, modes: []mode{bare, replayed}, rows: []int{replayedRows}, threads: threads, winograd: true},
		{name: nameLAME, kind: adjusts, modes: []mode{gaussian}, rows: []int{200}, threads: threads},
	}
}

// layers are single operators, beside which the FMA loop can be set.
func layers() (list []workload) {
	for _, p := range []struct {
		name       string
		rows, k, n int
	}{{nameProduct, 512, 512, 512}, {"matrix product 2048³", 2048, 2048, 2048}, {"matrix product 12544×576×64", 12544, 576, 64}} {
		list = append(list, workload{
			name: p.name, kind: products, model: func() *onnx.Model { return networks.Product(p.k, p.n) }, modes: []mode{frozen},
			rows: []int{p.rows}, threads: []int{1, 2}, flops: 2 * float64(p.k*p.n),
		})
	}
	for _, s := range networks.Stacks() {
		list = append(list, workload{
			name: s.Name(), kind: forwards, model: s.Model, modes: []mode{frozen},
			rows: []int{64}, threads: []int{1}, flops: s.FLOPs(), winograd: true,
		})
	}
	return list
}

// writeJobs writes the files of the workloads whose name matches, and lists their
// jobs. data may hold ResNet-20's trained weights; notes say what does not.
func writeJobs(data string, only *regexp.Regexp, dir string) (jobs []job, notes []string, err error) {
	resnet, notes, err := trained(data)
	if err != nil {
		return nil, nil, err
	}
	for i, w := range append(entire(resnet), layers()...) {
		if !only.MatchString(w.name) {
			continue
		}
		more, err := w.jobs(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return nil, nil, err
		}
		jobs = append(jobs, more...)
	}
	if len(jobs) == 0 {
		return nil, nil, fmt.Errorf("-only %q matches no workload", only)
	}
	return jobs, notes, nil
}

// trained returns ResNet-20 from the research data, or with random weights, which
// take as long.
func trained(data string) (model func() *onnx.Model, notes []string, err error) {
	path := filepath.Join(data, "models", "resnet20.onnx")
	file, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return networks.ResNet20, []string{"ResNet-20 has random weights and 1×1 convolutions for shortcuts: the folder -data names has no models/resnet20.onnx."}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read ResNet-20: %w", err)
	}
	m, err := onnx.Parse(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return func() *onnx.Model { return m }, nil, nil
}
