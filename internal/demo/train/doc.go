// Command train makes the demo's model: a small convolutional network with
// BatchNormalization, trained on the Fashion-MNIST training images and written as
// ONNX. The same seed and images give the same file.
//
//	go run ./internal/demo/train -data FOLDER -out internal/demo/data/model.onnx
//
// FOLDER holds the data set's four files as its authors publish them
// (train-images-idx3-ubyte and so on, with or without .gz); their digests are
// checked. Where to get them is said in internal/demo/data/README.md.
//
// It is a tool for this repository, not part of ttad. The gradients are package
// models/grad's; the network is the accel.Program in network.go.
package main
