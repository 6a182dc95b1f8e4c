package cudatest

import (
	"math"
	"slices"

	"ttad/accel/ptx"
)

// Flags of CUstream_flags and CUevent_flags: the only ones that ttad has a use for.
const (
	nonBlocking   = 1
	withoutTiming = 2
)

// stream is work in order. None of it is done before somebody asks.
type stream struct {
	context *context
	queue   []item
	done    int // items that were done or dropped, from the beginning
}

// item is a piece of work: what it does, and the memory it uses.
type item struct {
	run  func() int
	uses []uint64
}

// event is a place in a stream.
type event struct {
	stream *stream
	after  int // items of the stream
	asked  bool
}

// notYet is what a copy to the host shows before it is made: not a number, and not the
// one that arithmetic gives.
var notYet = math.Float32frombits(0x7fc0dead)

func bits(v float32) uint32 { return math.Float32bits(v) }

func (s *stream) add(run func() int, uses ...uint64) {
	s.queue = append(s.queue, item{run, uses})
}

func (s *stream) uses(address uint64) bool {
	return slices.ContainsFunc(s.queue, func(i item) bool { return slices.Contains(i.uses, address) })
}

// reach does the work up to a place, or up to what breaks the context.
func (s *stream) reach(place int) int {
	for s.done < place && s.context.broken == 0 {
		work := s.queue[0]
		s.queue = s.queue[1:]
		s.done++
		s.context.broken = work.run()
	}
	return s.context.broken
}

// end is the place behind everything queued.
func (s *stream) end() int { return s.done + len(s.queue) }

func (c *call) streamCreate() int {
	if c.uint(1) != nonBlocking {
		c.double.problem("cuStreamCreate: flags %#x: a stream that waits for the one without a name", c.uint(1))
		return invalidValue
	}
	id := c.double.next()
	c.context.streams[id] = &stream{context: c.context}
	put(c.arg(0), id)
	return success
}

// held is what an argument is the handle of, or nil, which is a problem.
func held[T any](c *call, i int, kind string, all map[uint64]*T) *T {
	t := all[c.arg(i)]
	if t == nil {
		c.double.problem("no %s %#x: never made, or destroyed", kind, c.arg(i))
	}
	return t
}

func (c *call) stream(i int) *stream { return held(c, i, "stream", c.context.streams) }

func (c *call) event(i int) *event { return held(c, i, "event", c.context.events) }

// streamDestroy has what is queued done first.
func (c *call) streamDestroy() int {
	code := c.streamSynchronize()
	delete(c.context.streams, c.arg(0))
	return code
}

func (c *call) streamSynchronize() int {
	s := c.stream(0)
	if s == nil {
		return invalidHandle
	}
	return s.reach(s.end())
}

func (c *call) eventCreate() int {
	if c.uint(1) != withoutTiming {
		c.double.problem("cuEventCreate: flags %#x: want an event that keeps no time", c.uint(1))
		return invalidValue
	}
	id := c.double.next()
	c.context.events[id] = &event{}
	put(c.arg(0), id)
	return success
}

func (c *call) eventDestroy() int {
	if c.event(0) == nil {
		return invalidHandle
	}
	delete(c.context.events, c.arg(0))
	return success
}

func (c *call) eventRecord() int {
	e, s := c.event(0), c.stream(1)
	if e == nil || s == nil {
		return invalidHandle
	}
	*e = event{stream: s, after: s.end()}
	return success
}

// eventQuery first says that the work is not done, and has it done when asked again.
func (c *call) eventQuery() int {
	e := c.event(0)
	switch {
	case e == nil:
		return invalidHandle
	case e.stream == nil || e.stream.done >= e.after:
		return success
	case !e.asked:
		e.asked = true
		return notReady
	}
	return e.stream.reach(e.after)
}

// copyToDevice copies when its turn comes, from memory that is still what it was.
func (c *call) copyToDevice() int {
	d, x, s := c.double, c.context, c.stream(3)
	to, from, bytes := c.arg(0), c.arg(1), int(c.arg(2))
	h := x.pinned(from, bytes)
	if s == nil || h == nil || bytes%4 != 0 || !x.memory[to] {
		d.problem("cuMemcpyHtoDAsync_v2: %d bytes from %#x to %#x: want page-locked memory and the beginning of device memory", bytes, from, to)
		return invalidValue
	}
	was := slices.Clone(floatsAt(from, bytes/4))
	s.add(func() int {
		if !same(from, was) {
			d.problem("cuMemcpyHtoDAsync_v2: the host changed %d bytes before they were copied", bytes)
		}
		return d.fault(x.card.machine.Write(to, floatsAt(from, bytes/4)))
	}, to, h.address())
	return success
}

func (c *call) copyToHost() int {
	d, x, s := c.double, c.context, c.stream(3)
	to, from, bytes := c.arg(0), c.arg(1), int(c.arg(2))
	h := x.pinned(to, bytes)
	if s == nil || h == nil || bytes%4 != 0 || !x.memory[from] {
		d.problem("cuMemcpyDtoHAsync_v2: %d bytes from %#x to %#x: want the beginning of device memory and page-locked memory", bytes, from, to)
		return invalidValue
	}
	spoil(floatsAt(to, bytes/4))
	s.add(func() int { return d.fault(x.card.machine.Read(floatsAt(to, bytes/4), from)) }, from, h.address())
	return success
}

// launch queues a kernel.
func (s *stream) launch(d *Double, k *ptx.Kernel, grid, block [3]int, params []uint64) {
	s.add(func() int { return d.fault(s.context.card.machine.Launch(k, grid, block, params)) }, params...)
}

// fault is a problem of a kernel or copy as a card would report it: the context is
// broken from then on.
func (d *Double) fault(err error) int {
	if err == nil {
		return success
	}
	d.problem("%v", err)
	d.astray = illegalAddress
	return illegalAddress
}
