// Package models holds a frozen classifier: an imported, device-free Graph, a
// Plan compiled for devices and a Session that runs forwards. What one pipeline
// changes for one forward is an Overlay; the Graph, the Plan and the weights
// never change.
//
// It does not know what to adapt or why (package tta), nor kernels (package
// accel). Package models/onnx imports and writes ONNX files; models/grad trains
// small models with gorgonia.
package models
