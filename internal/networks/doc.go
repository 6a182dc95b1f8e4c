// Package networks builds published classifiers as ONNX models whose weights are
// drawn, the same at every run: what a device computes, and in what time, does not
// depend on what a network was trained for. Benchmarks and checks of devices run
// them where no trained file is to be had.
//
// It trains nothing, and none of these networks can tell a cat from a dog.
package networks
