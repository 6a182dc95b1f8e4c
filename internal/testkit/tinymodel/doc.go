// Package tinymodel writes a convolutional classifier of about a hundred weights
// as an ONNX file: convolution, BatchNormalization, relu, mean over the image, one
// linear layer. Tests of the whole daemon and of commands run it, since it costs
// microseconds and still has everything strategies act on. Its answers mean
// nothing; it is imported by tests only.
package tinymodel
