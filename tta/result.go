package tta

import (
	"time"

	"ttad/accel"
	"ttad/accel/dense"
)

// GuardOK is the guard's word for a row that passed.
const GuardOK = "ok"

// View is an answer for every row of a batch.
type View struct {
	Probs *accel.Tensor // [rows classes]
	Class []int32       // argmax of Probs, ties to the lower index, or the decider's choice; -1 where Probs is not finite
	Score []float32     // probability of Class, or the decider's score; 0 where Probs is not finite
}

// TrailStep tells what one strategy did to each row.
type TrailStep struct {
	Strategy string
	Class    []int32   // argmax after the strategy, or the decider's choice
	Shift    []float32 // total-variation distance it moved the row, in [0,1]
	Device   bool      // the device has done it, behind the forward
}

// Trip is the kind of reason for which the source view answers in a pipeline's
// place. It is one of a few words, fit for a metric's label; PipelineResult.Guard
// has the particulars.
type Trip string

// Reasons to answer from the source view.
const (
	TripNone         Trip = ""
	TripSourceOnly   Trip = "source_only" // the batch's items asked for it
	TripError        Trip = "error"       // a strategy or its forward failed
	TripLate         Trip = "deadline"    // the champion had answered, the others' time was over
	TripNonFinite    Trip = "non_finite"
	TripClassEntropy Trip = "class_entropy"
	TripDisagreement Trip = "source_disagreement"
)

// PipelineResult is one pipeline's answer for a batch.
type PipelineResult struct {
	Name    string
	Role    Role
	View    View
	Decided string   // name of the strategy that chose Class, empty for argmax
	Labels  []string // names for Class: the decider's own, else the model's; nil where none are known
	// Trail has an entry for each strategy that acted. One that acts inside the
	// forward is measured against the source view and has an entry only when
	// that forward was run anyway.
	Trail []TrailStep
	Trip  Trip   // TripNone, or why the source view answered
	Guard string // GuardOK, or "source: " and the reason in words
	// NoAnswer lists the rows whose View is not finite, in order: not even the
	// source view has an answer for them, or the pipeline was too late and the
	// source view was not run, or the guard is told to let non-finite rows pass.
	// They must not be published.
	NoAnswer []int
	Took     time.Duration // the strategies' own work, without forwards
	// Forwards is how many the answer rests on, shared ones included: 1 for the
	// pipeline's overlay and those its strategies ran themselves.
	Forwards int
}

// ForwardTiming is one forward of a step and how long it took. Overlay is the
// overlay's key without what follows '#', the part that changes from batch to
// batch, so that it can label a metric; it is empty for the source model.
type ForwardTiming struct {
	Overlay string
	Took    time.Duration
}

// Result is what Group.Step returns and Group.Settle needs. Its memory is
// reused by the group's next Step.
type Result struct {
	Batch     *Batch
	Source    *View // nil when the source view was not asked for and nothing needed it
	Pipelines []PipelineResult
	Champion  int             // index of the champion in Pipelines
	Forwards  int             // forwards run, those strategies ran themselves included
	Timings   []ForwardTiming // in the order run, one a forward
	// Events are what a person may want to know: trips and recoveries after
	// Step, resets too after Settle.
	Events  []Event
	Started time.Time     // when Step began
	Took    time.Duration // all of Step

	math *dense.Math // nil for plain loops
}

// Entropy is the function of that name, to within 1e-6, by the instructions of the
// group's device.
func (r *Result) Entropy(p []float32) float64 {
	if r.math == nil {
		return Entropy(p)
	}
	if h := r.math.Entropy(p); h >= 0 {
		return h
	}
	return Entropy(p) // rounded below 0, or not a number
}

// Event kinds.
const (
	EventTrip    = "guard.trip"
	EventRecover = "guard.recover"
	EventReset   = "pipeline.reset"
	// A pipeline answered worse than the source model over the last rows labelled,
	// or no longer does. Learn tells.
	EventBehind   = "score.behind"
	EventCaughtUp = "score.caught_up"
)

// Event is something that happened to a pipeline and that its answers alone do
// not tell.
type Event struct {
	Kind     string // one of the event kinds
	Pipeline string
	Trip     Trip   // for trips and resets
	Message  string // the reason in words
}
