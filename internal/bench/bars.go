package main

import "ttad/internal/networks"

// side picks cells: an engine's at one mode of a job.
type side struct {
	engine string
	mode   mode
}

// best stands in a side for what ttad does without being told: Winograd's
// algorithm where the model has a use for it.
const best = "ttad"

// bar is a bound on what is made of two cells of one job.
type bar struct {
	work    string
	jobs    []string // names
	batch   int      // 0: any
	threads int      // 0: any
	of, to  side
	value   func(of, to cell) float64 // 0 where something is missing
	bound   float64
	atMost  bool // else at least
}

// speed is how many times as fast one is as the other.
func speed(of, to cell) float64 { return ratio(of.rate, to.rate) }

// memory is the most MiB one had resident, and memoryShare its share of the other's.
func memory(of, _ cell) float64       { return of.peak }
func memoryShare(of, to cell) float64 { return ratio(of.peak, to.peak) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// bars are what is asked of the engine, and of what stands on it.
func bars() []bar {
	kernels := []string{nameProduct}
	for _, s := range networks.Stacks() {
		kernels = append(kernels, s.Name())
	}
	resnet := []string{nameResNet20}
	return []bar{
		{
			work: "product 512³ and ResNet-20's 3×3 convolutions, direct, of the FMA loop", jobs: kernels, threads: 1,
			of: side{ttadDirect, frozen}, to: side{fmaLoop, frozen}, value: speed, bound: 0.8,
		}, {
			work: "ResNet-20 frozen, Winograd, against ONNX Runtime", jobs: resnet,
			of: side{ttadWinograd, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 2.2,
		}, {
			work: "ResNet-20 frozen, direct, against ONNX Runtime", jobs: resnet,
			of: side{ttadDirect, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 1.1,
		}, {
			work: "ResNet-20 alpha-BN against ONNX Runtime with the rewritten graph", jobs: resnet,
			of: side{best, blended}, to: side{onnxRuntime, blended}, value: speed, bound: 3,
		}, {
			work: "ResNet-20 alpha-BN against PyTorch eager alpha-BN", jobs: resnet,
			of: side{best, blended}, to: side{pyTorch, blended}, value: speed, bound: 6,
		}, {
			work: "ResNet-20 alpha-BN against our own frozen plan, direct", jobs: resnet,
			of: side{ttadDirect, blended}, to: side{ttadDirect, frozen}, value: speed, bound: 0.8,
		}, {
			work: "ResNet-20 alpha-BN against our own frozen plan, Winograd", jobs: resnet,
			of: side{ttadWinograd, blended}, to: side{ttadWinograd, frozen}, value: speed, bound: 0.75,
		}, {
			work: "ResNet-18 and MobileNetV2 frozen, against ONNX Runtime", jobs: []string{nameResNet18, nameMobile},
			of: side{best, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 1.1,
		}, {
			work: "ViT-Tiny against ONNX Runtime", jobs: []string{nameViT},
			of: side{best, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 0.9,
		}, {
			work: "MLP with norms, frozen, against ONNX Runtime", jobs: []string{nameMLP},
			of: side{best, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 1.2,
		}, {
			work: "LAME rbf of 200 rows, 64 features and 10 classes, against PyTorch", jobs: []string{nameLAME},
			of: side{best, gaussian}, to: side{pyTorch, gaussian}, value: speed, bound: 10,
		}, {
			work: "`ttad replay` with alphabn against the forwards alone", jobs: []string{nameReplay},
			of: side{best, replayed}, to: side{best, bare}, value: speed, bound: 0.95,
		}, {
			work: "peak memory of ResNet-20 alpha-BN, MiB", jobs: resnet, batch: 200,
			of: side{best, blended}, to: side{best, blended}, value: memory, bound: 80, atMost: true,
		}, {
			work: "the same as a share of ONNX Runtime's", jobs: resnet, batch: 200,
			of: side{best, blended}, to: side{onnxRuntime, blended}, value: memoryShare, bound: 1, atMost: true,
		},
	}
}
