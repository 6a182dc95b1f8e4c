package accel

// Explainer is an Exec that can say how it runs its program.
type Explainer interface {
	// Explain describes every way the program is run, for batches of MaxRows rows.
	Explain() []Schedule
}

// Schedule is one way of running a program: what is computed in which order, and
// where results lie.
type Schedule struct {
	When  string      `json:"when"` // which runs take it
	Steps []Scheduled `json:"steps"`
	// Free are nodes nothing is computed for: they rename a value, or change nothing
	// in these runs.
	Free         []string `json:"free"`
	ArenaBytes   int      `json:"arena_bytes"`   // for all results together
	ScratchBytes int      `json:"scratch_bytes"` // within one step, of all workers
}

// Scheduled is one step of a schedule. Every node of the program is in exactly one
// place: a step's own, folded, fused, or free.
type Scheduled struct {
	Node         string   `json:"node"`
	Op           string   `json:"op"`
	Kernel       string   `json:"kernel"`
	Shape        []int    `json:"shape"`         // of the result
	Folded       []string `json:"folded"`        // nodes melted into the weights
	Fused        []string `json:"fused"`         // nodes done to the result before it leaves the cache
	Offset       int      `json:"offset"`        // bytes into the arena; unused where the caller has a buffer for the result
	Bytes        int      `json:"bytes"`         // of the result
	ScratchBytes int      `json:"scratch_bytes"` // of all workers
}
