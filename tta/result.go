package tta

import (
	"time"

	"ttad/accel"
)

// GuardOK is the guard's word for a row that passed.
const GuardOK = "ok"

// View is an answer for every row of a batch.
type View struct {
	Probs *accel.Tensor // [rows classes]
	Class []int32       // argmax of Probs, ties to the lower index, or the decider's choice
	Score []float32     // probability of Class, or the decider's score
}

// TrailStep tells what one strategy did to each row.
type TrailStep struct {
	Strategy string
	Class    []int32   // argmax after the strategy
	Shift    []float32 // total-variation distance it moved the row, in [0,1]
}

// PipelineResult is one pipeline's answer for a batch.
type PipelineResult struct {
	Name    string
	Role    Role
	View    View
	Decided string   // name of the strategy that chose Class, empty for argmax
	Labels  []string // names for Class when a decider brings its own
	Trail   []TrailStep
	Guard   string // GuardOK, or the reason the source view answered
	Took    time.Duration
}

// ForwardTiming is one forward of a step: its overlay's key (empty for the source
// model) and how long it took.
type ForwardTiming struct {
	Overlay string
	Took    time.Duration
}

// Result is what Group.Step returns and Group.Settle needs. Its memory is
// reused by the group's next Step.
type Result struct {
	Batch     *Batch
	Source    *View // nil when the source view was not asked for and no pipeline needed it
	Pipelines []PipelineResult
	Forwards  int                // distinct forwards run
	ForwardMS map[string]float64 // by overlay key
}
