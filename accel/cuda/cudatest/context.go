package cudatest

import "ttad/accel/ptx"

// context is what a program has open on a card.
type context struct {
	card      *card
	broken    int // the code every call gives from now on
	memory    map[uint64]bool
	hosts     map[uint64]*host
	modules   map[uint64]*ptx.Module
	said      []byte // the buffer for what the compiler complains of
	functions map[uint64]*ptx.Kernel
	streams   map[uint64]*stream
	events    map[uint64]*event
	blas      map[uint64]*stream // where cuBLAS works, by its handle
}

// contextFlags are those of CUctx_flags that CUDA 9 has: how a thread waits, host memory
// that is mapped, local memory that is kept.
const contextFlags = 0x1f

func (c *call) contextCreate() int {
	d, card := c.double, c.card(2)
	switch {
	case card == nil:
		return invalidDevice
	case d.unplug != 0:
		return d.unplug
	case d.options.OneLife && d.astray != 0:
		return d.astray
	case c.uint(1)&^contextFlags != 0:
		d.problem("cuCtxCreate_v2: flags %#x", c.uint(1))
		return invalidValue
	case card.Mode == 2 || card.Mode == 3 && (card.Taken || d.opened(card)):
		return unavailable
	}
	x := &context{
		card: card, memory: map[uint64]bool{}, hosts: map[uint64]*host{},
		modules: map[uint64]*ptx.Module{}, functions: map[uint64]*ptx.Kernel{},
		streams: map[uint64]*stream{}, events: map[uint64]*event{}, blas: map[uint64]*stream{},
	}
	id := d.next()
	d.contexts[id], d.current[c.thread] = x, x
	put(c.arg(0), id)
	return success
}

// opened says whether the program has a context on a card: exclusive mode lets it have
// one, cuda.h says.
func (d *Double) opened(c *card) bool {
	for _, x := range d.contexts {
		if x.card == c {
			return true
		}
	}
	return false
}

// contextDestroy takes everything in the context with it, which is a problem unless
// the context was broken.
func (c *call) contextDestroy() int {
	d := c.double
	x := d.contexts[c.arg(0)]
	if x == nil {
		d.problem("cuCtxDestroy_v2: no context %#x: never made, or destroyed", c.arg(0))
		return invalidContext
	}
	if left := x.left(); x.broken == 0 && d.unplug == 0 && left != "" {
		d.problem("cuCtxDestroy_v2: left behind: %s", left)
	}
	for at := range x.memory {
		d.check("cuCtxDestroy_v2", x.card.machine.Free(at))
	}
	for _, h := range x.hosts {
		h.free()
	}
	delete(d.contexts, c.arg(0))
	for thread, current := range d.current {
		if current == x {
			delete(d.current, thread)
		}
	}
	return success
}

// left names what was not given back.
func (x *context) left() string {
	return leaks(map[string]int{
		"pieces of device memory": len(x.memory), "pieces of host memory": len(x.hosts),
		"modules": len(x.modules), "streams": len(x.streams), "events": len(x.events), "cuBLAS handles": len(x.blas),
	})
}

// check makes a problem of an error.
func (d *Double) check(name string, err error) {
	if err != nil {
		d.problem("%s: %v", name, err)
	}
}

func (c *call) memAlloc() int {
	x, bytes := c.context, c.arg(1)
	if bytes == 0 {
		return invalidValue
	}
	if bytes > uint64(x.card.Memory-x.card.machine.Used()) {
		return outOfMemory
	}
	at, err := x.card.machine.Alloc(int(bytes))
	if err != nil {
		c.double.check("cuMemAlloc_v2", err)
		return outOfMemory
	}
	x.memory[at] = true
	put(c.arg(0), at)
	return success
}

func (c *call) memFree() int {
	x, at := c.context, c.arg(0)
	if !x.memory[at] {
		c.double.problem("cuMemFree_v2: %#x is no memory: never allocated, or freed before", at)
		return invalidValue
	}
	for _, s := range x.streams {
		if s.uses(at) {
			c.double.problem("cuMemFree_v2: work that is queued uses memory %#x", at)
		}
	}
	delete(x.memory, at)
	c.double.check("cuMemFree_v2", x.card.machine.Free(at))
	return success
}

func (c *call) memInfo() int {
	card := c.context.card
	put(c.arg(0), uint64(card.Memory-card.machine.Used()))
	put(c.arg(1), uint64(card.Memory))
	return success
}

func (c *call) hostAlloc() int {
	const most = 1 << 34
	if c.arg(1) == 0 || c.arg(1) > most {
		return outOfMemory
	}
	h := newHost(int(c.arg(1)))
	c.context.hosts[h.address()] = h
	put(c.arg(0), h.address())
	return success
}

func (c *call) hostFree() int {
	x, at := c.context, c.arg(0)
	h := x.hosts[at]
	if h == nil {
		c.double.problem("cuMemFreeHost: %#x is no page-locked memory: never allocated, or freed before", at)
		return invalidValue
	}
	for _, s := range x.streams {
		if s.uses(at) {
			c.double.problem("cuMemFreeHost: work that is queued uses the memory")
		}
	}
	delete(x.hosts, at)
	h.free()
	return success
}

// pinned is the page-locked memory that n bytes from an address on lie in; nil for none.
func (x *context) pinned(address uint64, n int) *host {
	for _, h := range x.hosts {
		if h.holds(address, n) {
			return h
		}
	}
	return nil
}
