// Package onnx reads and writes ONNX files and lowers them to the flat programs
// of package accel.
//
// It has two levels. Parse and Encode turn bytes into a Model and back: a file
// as plain structs, no more than the wire format says, weights still aliasing
// the bytes they were read from. Import gives a Model its meaning as a
// classifier: it follows the integer arithmetic exporters write around shapes,
// folds constants, fuses the patterns exporters take apart, finds the logits,
// the features and the normalization nodes, and returns a models.Graph. Load is
// Import for a configured file.
//
// It is not a general ONNX runtime: control flow, sequences, quantized types and
// training are refused by name. It runs nothing; package models compiles the
// result for a device.
package onnx
