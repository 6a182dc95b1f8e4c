package accel

// ValueID names a value of a Program; NoValue stands for an absent optional operand.
type ValueID int32

// NoValue is an operand that is not given.
const NoValue ValueID = -1

// Value is an operand: computed by a step, given from outside, or constant.
type Value struct {
	Name  string
	Shape Shape
	Const []float32 // row-major; nil unless constant. Read-only: it may alias the model file.
}

// Step applies one operator. In and Out index Program.Values.
type Step struct {
	Name string // the model's own node name, for errors and placement listings
	Op   Op
	In   []ValueID
	Out  []ValueID
}

// Program is a flat, device-free computation: steps in an order in which every
// operand is ready, values row-major (images NCHW), all float32. Integer
// operands (Gather's indices) are whole numbers held in float32, exact to 2^24.
//
// Norm steps are numbered in program order: NormSteps[i] is the step of norm i,
// the index used by NormRule lists and kept moments.
type Program struct {
	Values    []Value
	Steps     []Step
	Inputs    []ValueID
	Outputs   []ValueID
	NormSteps []int
}

// NormMode says which moments a norm step normalizes with.
type NormMode uint8

const (
	NormSource NormMode = iota // the moments stored in the model
	NormBlend                  // SourceWeight*source + (1-SourceWeight)*batch
	NormGiven                  // Mean and Var of the rule
)

// NormRule tells one norm step what to do in one run. It is data, not a
// callback, so that a device can queue statistics, mixing and normalization
// back to back. The zero rule is the source model.
//
// A blended channel whose batch moments are not finite uses its source moments.
// Unbiased batch variance of a single value per channel is undefined and uses
// the source variance.
type NormRule struct {
	Mode         NormMode
	SourceWeight float32   // Blend: weight of the source moments, in [0,1]
	Pool         bool      // Blend: add the between-means term w(1-w)(mean difference)^2
	Unbiased     bool      // Blend: batch variance over n-1 instead of n
	Mean, Var    []float32 // Given: one value per channel
}
