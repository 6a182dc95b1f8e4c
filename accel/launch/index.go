package launch

import (
	"context"
	"errors"
	"fmt"
	"math"

	"ttad/accel"
	"ttad/accel/plain"
)

// index is an accel.Index whose keys are in device memory, [capacity][dim]. The host
// has them as well, so that nothing is lost with the device; keys set since the last
// search are sent before the next.
type index struct {
	device        *Device
	id            int
	dim, capacity int
	host          []float32 // the keys
	stale         []bool    // by slot: the device has another key
	unsent        []int32   // the stale slots
	stream        *stream   // of searches of our own
	keys          memory
	scratch       searchMemory
	lost          error
	instead       *plain.Index // once the device is lost
}

// NewIndex makes room for keys, all of them zeros.
func (d *Device) NewIndex(dim, capacity int) (accel.Index, error) {
	x, err := d.newIndex(dim, capacity)
	if err != nil {
		return nil, fmt.Errorf("index of %d keys of %d values: %w", capacity, dim, err)
	}
	return x, nil
}

func (d *Device) newIndex(dim, capacity int) (*index, error) {
	if dim < 1 || capacity < 1 {
		return nil, errors.New("both must be 1 or more")
	}
	floats := accel.Elements([]int{capacity, dim})
	if floats < 0 {
		return nil, fmt.Errorf("more than 2^31-4096 values in one piece: %w", accel.ErrOutOfMemory)
	}
	id, err := d.open.Open(fmt.Sprintf("index of %d keys of %d values", capacity, dim))
	if err != nil {
		return nil, err
	}
	x := &index{device: d, id: id, dim: dim, capacity: capacity}
	if err := x.take(floats); err != nil {
		d.release(id)
		return nil, errors.Join(err, x.free())
	}
	return x, nil
}

// take takes memory, on the device first, for that is what there may be too little of.
func (x *index) take(floats int) (err error) {
	if x.keys, err = x.device.alloc(floats); err != nil {
		return err
	}
	id, err := x.device.open.Open("stream of an index")
	if err != nil {
		return err
	}
	if x.stream, err = x.device.newStream(id); err != nil {
		x.device.release(id)
		return err
	}
	x.host, x.stale = make([]float32, floats), make([]bool, x.capacity)
	if err := x.stream.kernel("fill", across(floats), at(x.keys), whole32(floats), Arg{Float: 0}); err != nil {
		return err
	}
	return x.stream.Sync(context.Background()) // other streams may search next
}

// free gives back what take took.
func (x *index) free() error {
	var err error
	if x.stream != nil {
		err = x.stream.Close()
	}
	pieces := x.scratch.pieces()
	if x.keys.floats > 0 {
		pieces = append(pieces, &x.keys)
	}
	for _, m := range pieces {
		err = errors.Join(err, x.device.free(*m))
		*m = memory{}
	}
	return err
}

// Close waits for searches and frees the memory.
func (x *index) Close() {
	x.scratch.uses.wait()
	if err := errors.Join(x.free(), x.device.open.Release(x.id)); err != nil {
		x.device.log.Warn().Err(err).Msg("close an index")
	}
}

// Set changes the host's copy, and remembers that the device's is another.
func (x *index) Set(slot int, key []float32) {
	copy(x.slot(slot, key), key)
	if x.instead != nil {
		x.instead.Set(slot, key)
	}
	if !x.stale[slot] {
		x.stale[slot] = true
		x.unsent = append(x.unsent, int32(slot))
	}
}

// Key reads the host's copy.
func (x *index) Key(slot int, key []float32) { copy(key, x.slot(slot, key)) }

// slot is the host's copy of a key as long as the caller's.
func (x *index) slot(slot int, key []float32) []float32 {
	if slot < 0 || slot >= x.capacity || len(key) != x.dim {
		panic(fmt.Sprintf("launch: key of %d values for slot %d of an index of %d keys of %d", len(key), slot, x.capacity, x.dim))
	}
	return x.host[slot*x.dim : (slot+1)*x.dim]
}

// Lost is the error after which searches are done on the host.
func (x *index) Lost() error { return x.lost }

// giveUp searches on the host from now on.
func (x *index) giveUp(err error) {
	x.lost = err
	x.device.log.Error().Err(err).Int("keys", x.capacity).Msg("searching keys on the host, slowly")
	x.instead = plain.NewIndex(x.dim, x.capacity)
	for slot := range x.capacity {
		x.instead.Set(slot, x.host[slot*x.dim:(slot+1)*x.dim])
	}
}

// putFloats bounds what is sent in one go.
const putFloats = 1 << 16

// raw are rows of features whose first dim values are queries once of unit length.
type raw struct {
	features memory
	n, width int
}

// prepare queues the keys that were set since, in whatever queue searches next, and
// makes queries of features, if there are any.
func (x *index) prepare(s *stream, from raw) error {
	most := max(1, putFloats/x.dim)
	for len(x.unsent) > 0 || from.n > 0 {
		some := x.unsent[:min(most, len(x.unsent))]
		if err := x.put(s, some, from); err != nil {
			return fmt.Errorf("send %d keys: %w", len(some), err)
		}
		for _, slot := range some {
			x.stale[slot] = false
		}
		x.unsent, from.n = x.unsent[len(some):], 0
	}
	x.unsent = x.unsent[:0]
	return nil
}

// put sends some keys and their slots, and has a kernel take them there.
func (x *index) put(s *stream, slots []int32, from raw) error {
	m := &x.scratch
	m.packed, m.words = m.packed[:0], m.words[:0]
	for _, slot := range slots {
		m.packed = append(m.packed, x.host[int(slot)*x.dim:(int(slot)+1)*x.dim]...)
		m.words = append(m.words, math.Float32frombits(uint32(slot)))
	}
	if err := s.write(m.rows.at, m.packed); err != nil {
		return err
	}
	if err := s.write(m.slots.at, m.words); err != nil {
		return err
	}
	if from.n == 0 {
		from.features = m.queries // not read
	}
	return s.kernel("search_prepare", [3]int{from.n + len(slots), 1, 1}, at(m.queries), at(from.features),
		at(x.keys), at(m.rows), at(m.slots), whole32(from.n), whole32(from.width), whole32(x.dim))
}
