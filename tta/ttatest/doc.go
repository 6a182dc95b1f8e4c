// Package ttatest checks the laws every strategy keeps, against any tta.Spec and
// over a small frozen model evaluated in plain loops:
//
//	1  a step reads, a settle writes; readings are numbers and read
//	2  the output is shared and read-only, and nothing of it is kept
//	3  rows stay finite, non-negative, sum to 1, in their order; one row works
//	4  two owners of the same part are refused when the pipeline is built
//	5  equal overlay keys mean equal content
//	6  same seed, same input: same bits
//	7  restore continues exactly and refuses rubbish; reset equals newly built
//	8  state is bounded; no goroutine outlives a call
//	9  labels show in state, as much together as one by one, whatever they say;
//	   remembering reads; nothing handed to Learn is kept
//
// Where a strategy learns from labels, they come one batch late in every law.
//
// Run is for a strategy's own test; Violations returns what Run would report. It
// also holds the golden vectors (Golden), the model (Model) and the normalization
// oracle (Normalize) that strategies' tests share. Package tta/builtin runs the
// laws over all strategies of the build.
package ttatest
