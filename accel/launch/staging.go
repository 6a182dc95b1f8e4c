package launch

import (
	"errors"
	"math/bits"

	"ttad/accel"
)

// What a stream keeps of the driver's host memory: so many transfers at a time, and
// so many bytes unless a single one is larger.
const (
	maxTransfers    = 64
	maxStagedFloats = 64 << 20
	smallestPiece   = 1 << 10
	coarseStep      = 1 << 20
)

// staging is host memory of the driver, from which a queue copies while the caller
// goes on with its own.
type staging struct {
	device *Device
	idle   [][]float32
	flying []transfer // oldest first
	floats int        // of both
}

// transfer is host memory that belongs to the queue up to a place in it.
type transfer struct {
	host  []float32 // the whole piece
	n     int       // of it are used
	at    place
	dst   []float32                 // where a download goes
	check func(got []float32) error // what a run's faults are given to
}

// full reports whether n more floats have to wait for the oldest transfer.
func (g *staging) full(n int) bool {
	flying := n
	for _, t := range g.flying {
		flying += len(t.host)
	}
	return len(g.flying) == maxTransfers || len(g.flying) > 0 && flying > maxStagedFloats
}

// borrow returns a piece of at least n floats: the smallest idle one that will do and is
// not needed for more.
func (g *staging) borrow(n int) ([]float32, error) {
	best, size := -1, pieceFor(n)
	for i, p := range g.idle {
		if len(p) >= n && len(p) <= 4*size && (best < 0 || len(p) < len(g.idle[best])) {
			best = i
		}
	}
	if best >= 0 {
		p := g.idle[best]
		g.idle = append(g.idle[:best], g.idle[best+1:]...)
		return p, nil
	}
	for len(g.idle) > 0 && (g.floats+size > maxStagedFloats || len(g.idle) >= maxTransfers) {
		if err := g.drop(); err != nil {
			return nil, err
		}
	}
	p, err := g.device.driver.HostAlloc(size)
	if err != nil {
		return nil, g.device.note(err)
	}
	g.floats += size
	return p, nil
}

// pieceFor is the length of a piece for n floats: a power of two, so that pieces serve
// again, or whole megafloats where that would waste too much.
func pieceFor(n int) int {
	if n > coarseStep {
		return (n + coarseStep - 1) / coarseStep * coarseStep
	}
	return max(smallestPiece, 1<<bits.Len(uint(n-1)))
}

// drop gives the last idle piece back.
func (g *staging) drop() error {
	p := g.idle[len(g.idle)-1]
	g.idle = g.idle[:len(g.idle)-1]
	g.floats -= len(p)
	err := g.device.note(g.device.driver.HostFree(p))
	if errors.Is(err, accel.ErrLost) {
		return nil // gone with the device
	}
	return err
}

// land ends the transfers that are done when the queue has got to a place. It returns
// the first thing found to be wrong.
func (g *staging) land(done place) (err error) {
	n := 0
	for ; n < len(g.flying) && g.flying[n].at <= done; n++ {
		t := &g.flying[n]
		copy(t.dst, t.host[:t.n])
		if t.check != nil && err == nil {
			err = t.check(t.host[:t.n])
		}
		g.idle = append(g.idle, t.host)
	}
	g.flying = append(g.flying[:0], g.flying[n:]...)
	return err
}

// close gives everything back; nothing is in flight.
func (g *staging) close() (first error) {
	for len(g.idle) > 0 {
		if err := g.drop(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
