package models

import (
	"ttad/accel"
	"ttad/bnstats"
)

// Graph is an imported classifier: a program plus what its values mean. It is
// immutable and belongs to no device.
type Graph struct {
	Name    string         // file name or graph name, for messages
	Digest  string         // 12 hex digits of the file's SHA-256
	Program *accel.Program // outputs: logits first, then features where known

	Inputs  []Port
	Logits  accel.ValueID
	Classes int // extent of the logits' last axis

	// Features is the input of the classifier head, one row of FeatureWidth
	// values a batch row; accel.NoValue (and width 0) where none was found.
	Features     accel.ValueID
	FeatureWidth int
	Head         *Head // nil unless the head is one linear layer

	Norms      []NormNode // as Program.NormSteps
	Parameters int        // float weights in the file
	FoldedBN   []string   // convolutions or linear layers whose BatchNormalization was merged away at export; a guess from names and shapes
	Notes      []string   // in plain words, what the importer read into the file: a softmax taken off, a fixed batch made dynamic
}

// Port is a model input.
type Port struct {
	Name  string
	Shape accel.Shape // first axis is the batch
	Int   bool        // the model declares an integer type; rows hold whole numbers
}

// Head is the classifier's last linear layer: logits = features*Weight^T + Bias.
type Head struct {
	Weight *accel.Tensor // [Classes FeatureWidth]
	Bias   []float32     // nil when the layer has none
}

// NormNode is a node whose statistics an overlay may replace.
type NormNode struct {
	Name      string // the node's name in the file
	Channels  int
	Positions int // values per channel and row: height*width, or 1
	Eps       float32
	Source    bnstats.Moments // moments stored in the model or calibrated; read-only
	// Virtual norms were added by a calibration, after a convolution or linear layer.
	Virtual bool
	// FeedsLogits marks a virtual norm directly on the logits, which strategies
	// leave alone unless told otherwise.
	FeedsLogits bool
}
