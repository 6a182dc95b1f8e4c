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
	WeightsBytes int      `json:"weights_bytes"` // packed for the kernels; ways of running one program share those they have in common
	ArenaBytes   int      `json:"arena_bytes"`   // for results of the whole batch together
	LocalBytes   int      `json:"local_bytes"`   // for results of chunks together, of all workers
	ScratchBytes int      `json:"scratch_bytes"` // within one step, of all workers
}

// Scheduled is one step of a schedule. Every node of the program is in exactly one
// place: a step's own, folded, fused, or free.
type Scheduled struct {
	Node   string   `json:"node"`
	Op     string   `json:"op"`
	Kernel string   `json:"kernel"`
	Shape  []int    `json:"shape"`  // of the result
	Folded []string `json:"folded"` // nodes melted into the weights
	Fused  []string `json:"fused"`  // nodes done to the result before it leaves the cache
	// Launches are the kernels a device of its own is asked for; 0 for a processor.
	Launches int `json:"launches,omitempty"`
	// MovedBytes are what these kernels read and write, each operand of each once, and
	// FLOPs the multiplications and additions of products: what a card's speed bounds.
	MovedBytes int64 `json:"moved_bytes,omitempty"`
	FLOPs      int64 `json:"flops,omitempty"`
	// Segment numbers the stretches of steps that a worker takes a chunk of the batch
	// through; ChunkRows is its rows, 0 for a segment that needs the whole batch.
	Segment      int  `json:"segment"`
	ChunkRows    int  `json:"chunk_rows"`
	Local        bool `json:"local"`         // the result is a chunk's and lies in its worker's memory
	Offset       int  `json:"offset"`        // bytes into that memory or the batch's; unused where the caller has a buffer for the result
	Bytes        int  `json:"bytes"`         // of the result there
	ScratchBytes int  `json:"scratch_bytes"` // of all workers
}
