package daemon

import (
	"errors"

	"github.com/rs/zerolog"

	"ttad/accel"
)

// errMoved is why nothing is searched behind a forward any more.
var errMoved = errors.New("the index has moved to the CPU")

// movingIndex is an index in a device's memory which goes over to the processor's,
// keys and all, once the device is lost or retired: what the device's own does then is
// slow, or wrong. It has one owner, as every index.
type movingIndex struct {
	accel.Seeker
	dim, capacity int
	refuge        accel.Indexer
	evicted       bool        // the device is retired
	moved         accel.Index // nil before
	stuck         bool        // there was no room
	log           zerolog.Logger
}

// Set changes a key wherever it is looked for.
func (x *movingIndex) Set(slot int, key []float32) {
	x.Seeker.Set(slot, key)
	if x.moved != nil {
		x.moved.Set(slot, key)
	}
}

// Search searches where the keys are now.
func (x *movingIndex) Search(queries []float32, n, k, live int, slots []int32, similarities []float32) {
	x.move()
	if x.moved != nil {
		x.moved.Search(queries, n, k, live, slots, similarities)
		return
	}
	x.Seeker.Search(queries, n, k, live, slots, similarities)
}

// Seek queues a search on the device, while that is there.
func (x *movingIndex) Seek(s accel.Stream, features accel.Buffer, n, width, k, live int, slots []int32, similarities []float32) error {
	if x.moved != nil || x.evicted {
		return errMoved
	}
	return x.Seeker.Seek(s, features, n, width, k, live, slots, similarities)
}

// move takes the keys to the processor where the device is no more.
func (x *movingIndex) move() {
	if x.moved != nil || x.stuck || !x.evicted && x.Lost() == nil {
		return
	}
	moved, err := x.refuge.NewIndex(x.dim, x.capacity)
	if err != nil {
		x.stuck = true
		x.log.Warn().Err(err).Int("keys", x.capacity).Msg("no room for the error memory's index on the CPU: it stays where it is")
		return
	}
	key := make([]float32, x.dim)
	for slot := range x.capacity {
		x.Key(slot, key)
		moved.Set(slot, key)
	}
	x.moved = moved
	x.log.Info().Int("keys", x.capacity).Msg("the error memory's index has moved to the CPU with its keys")
}

// Close frees both.
func (x *movingIndex) Close() {
	if x.moved != nil {
		x.moved.Close()
	}
	x.Seeker.Close()
}
