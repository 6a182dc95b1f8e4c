package tta

import "time"

// Prediction is what is published for one item: the rows of one pipeline's
// answer that belong to it.
type Prediction struct {
	Item     Item
	Pipeline string
	Role     Role
	Step     uint64
	Rows     []RowPrediction
	// NoAnswer lists the item's rows that have no finite answer. An item with
	// any is not published: it becomes a dead letter.
	NoAnswer []int
	Queue    time.Duration // from receipt to the start of the batch
	Compute  time.Duration // the batch's forwards and strategies
}

// RowPrediction is one row's answer.
type RowPrediction struct {
	Class   int
	Label   string // empty where no names are known
	Score   float32
	Probs   []float32  // shared with the batch's result; read-only
	Source  *RowSource // nil where the source view has no answer or was not asked for
	Entropy float32    // of Probs, natural logarithm
	Margin  float32    // between the two largest Probs
	Guard   string
	Trail   []RowTrail
}

// RowSource is the source view's answer for the row.
type RowSource struct {
	Class int
	Prob  float32
}

// RowTrail is what one strategy did to the row.
type RowTrail struct {
	Strategy string
	Class    int
	Shift    float32
}
