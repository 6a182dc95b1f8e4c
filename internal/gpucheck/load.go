package main

import (
	"os"

	"ttad/internal/networks"
	"ttad/models"
	"ttad/models/onnx"
)

// load is how much work the checks do.
type load struct {
	parity  []network // compared with the processor
	timed   []network // measured
	rows    []int     // of the batches whose times tell when the card is worth while
	repeats int
	reopens int
	times   int // that a measurement repeats a batch
}

// network is a model and the rows of a batch.
type network struct {
	name  string
	model func() (*models.Graph, error)
	rows  int
}

// fullLoad is for a card.
func fullLoad() load {
	demo := network{"the demo's classifier", fromFile("internal/demo/data/model.onnx"), 64}
	resnet18 := network{"ResNet-18 at 224×224", drawn(networks.ResNet18), 64}
	resnet20 := network{"ResNet-20 at 32×32", drawn(networks.ResNet20), 64}
	mobile := network{"MobileNetV2 at 224×224", drawn(networks.MobileNetV2), 64}
	transformer := network{"ViT-Tiny at 224×224", drawn(networks.VisionTiny), 64}
	perceptron := network{"MLP 64→256→256→10", drawn(func() *onnx.Model { return networks.Perceptron(64, 256, 256, 10) }), 64}
	product := func(rows, k, n int, name string) network {
		return network{name, drawn(func() *onnx.Model { return networks.Product(k, n) }), rows}
	}
	timed := []network{
		product(2048, 2048, 2048, "matrix product 2048³"),
		product(12544, 576, 64, "matrix product 12544×576×64"),
		product(64, 512, 1000, "matrix product 64×512×1000"),
	}
	for _, s := range networks.Stacks() {
		timed = append(timed, network{s.Name(), drawn(s.Model), 256})
	}
	small := resnet18
	small.rows = 8
	return load{
		parity:  []network{demo, resnet20, small, {mobile.name, mobile.model, 8}, {transformer.name, transformer.model, 8}, perceptron},
		timed:   append(timed, resnet18, resnet20, mobile, transformer, perceptron),
		rows:    []int{1, 4, 16, 64, 256},
		repeats: 100, reopens: 50, times: 20,
	}
}

// drawn imports a model that is made here.
func drawn(model func() *onnx.Model) func() (*models.Graph, error) {
	return func() (*models.Graph, error) {
		return onnx.Import("drawn.onnx", onnx.Encode(model()), onnx.Options{})
	}
}

// fromFile imports a file.
func fromFile(path string) func() (*models.Graph, error) {
	return func() (*models.Graph, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return onnx.Import(path, data, onnx.Options{})
	}
}
