package tta

import "fmt"

// Place is where in a pipeline a strategy does best.
type Place int

// Places in the order recommended. LAME wants the classifier's own confidence, and
// its result is still under the source prior, which the prior ratio then moves
// once; the error memory learns what everything before it leaves.
const (
	PlaceNone     Place = iota // anywhere
	PlaceNorm                  // shapes the forward
	PlaceHead                  // computes the probabilities anew
	PlaceLocal                 // agreement of neighbours: LAME
	PlacePrior                 // prior ratio
	PlaceMemory                // error memory
	PlaceDecision              // decides the class
)

// recommended is the order in words.
const recommended = "norm rule, head, LAME, prior ratio, error memory, decision"

// Advice lists, one line each, where pipelines have their strategies in another
// order than the one recommended. Such pipelines work; they are seldom meant.
func Advice(r *Registry, pipelines []PipelineConfig) []string {
	var lines []string
	for _, p := range pipelines {
		var last Spec
		highest := PlaceNone
		for _, c := range p.Strategies {
			spec, ok := r.Lookup(c.Name)
			if !ok || spec.Place == PlaceNone {
				continue
			}
			if spec.Place < highest {
				lines = append(lines, fmt.Sprintf("pipeline %q: %s comes behind %s; the recommended order is %s", p.Name, spec.Name, last.Name, recommended))
				continue
			}
			highest, last = spec.Place, spec
		}
	}
	return lines
}
