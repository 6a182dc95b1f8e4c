package ptx

// block is a place where blocks of a launch run, one after another.
type block struct {
	*launching
	races  bool
	index  [3]int // of the block running
	warps  []*warp
	shared space
	fault  *Fault
	counts []uint64 // threads that did each basic block

	// interval is now; began is the block's first one.
	interval, began uint64

	steps int64 // that are left
}

func newBlock(l *launching) *block {
	b := &block{launching: l, races: l.machine.options.Races, counts: make([]uint64, len(l.kernel.code))}
	for _, v := range l.kernel.shared {
		b.shared.add(newAllocation(v.bytes, b.races))
	}
	threads := l.block[0] * l.block[1] * l.block[2]
	for first := 0; first < threads; first += lanes {
		b.warps = append(b.warps, newWarp(b, first, min(lanes, threads-first)))
	}
	return b
}

// newWarp makes a warp of n threads, with the registers set that stay the same.
func newWarp(b *block, first, n int) *warp {
	k := b.kernel
	w := &warp{block: b, first: first, all: uint32(1<<n - 1)}
	w.words, w.longs = make([][lanes]uint32, k.words), make([][lanes]uint64, k.longs)
	for _, c := range k.constants {
		w.set(c.long, c.register, c.value)
	}
	for _, p := range k.given {
		w.set(p.long, p.register, b.params[p.value])
	}
	for _, s := range k.specials {
		for t := range lanes {
			w.words[s.register][t] = uint32(b.special(s, first+t))
		}
	}
	return w
}

// set fills all lanes of a register.
func (w *warp) set(isLong bool, register int, v uint64) {
	for t := range lanes {
		if isLong {
			w.longs[register][t] = v
		} else {
			w.words[register][t] = uint32(v)
		}
	}
}

// special is the value of a special register in a thread.
func (b *block) special(s special, thread int) int {
	switch s.name {
	case "tid":
		return b.place(thread)[s.axis]
	case "ntid":
		return b.block[s.axis]
	case "nctaid":
		return b.grid[s.axis]
	default:
		return b.index[s.axis]
	}
}

// place is where a thread is in its block.
func (b *block) place(thread int) [3]int { return unravel(thread, b.block) }

func unravel(i int, extents [3]int) [3]int {
	return [3]int{i % extents[0], i / extents[0] % extents[1], i / extents[0] / extents[1]}
}

// run runs block i of the grid.
func (b *block) run(i int) *Fault {
	b.begin(i)
	for b.fault == nil {
		for _, w := range b.warps {
			w.advance()
		}
		if b.fault != nil || b.over() {
			break
		}
		b.meet()
	}
	return b.fault
}

func (b *block) begin(i int) {
	b.index = unravel(i, b.grid)
	for _, v := range b.shared.windows {
		v.poison()
	}
	b.steps = b.machine.options.Steps
	b.next()
	b.began = b.interval
	for _, w := range b.warps {
		w.reset()
		for _, s := range b.kernel.specials {
			if s.name == "ctaid" {
				w.set(false, s.register, uint64(b.index[s.axis]))
			}
		}
	}
}

// next begins an interval. Where races are not looked for, nobody counts them.
func (b *block) next() {
	if b.races {
		b.machine.interval++
		b.interval = b.machine.interval
	}
}

// over reports whether all threads have ended.
func (b *block) over() bool {
	for _, w := range b.warps {
		if len(w.waiting) > 0 {
			return false
		}
	}
	return true
}

// meet lets the threads go on that wait at a barrier, if that is all of them.
func (b *block) meet() {
	at := -1
	for _, w := range b.warps {
		for _, p := range w.waiting {
			at = max(at, p.at)
		}
	}
	line := b.kernel.code[at].line
	for _, w := range b.warps {
		if len(w.waiting) != 1 || w.waiting[0] != (part{at, w.all}) {
			b.fault = b.wrong(w.missing(at), line, "this thread does not reach the barrier that others wait at")
			return
		}
		w.parts = append(w.parts, part{at + 1, w.all})
		w.waiting = w.waiting[:0]
	}
	b.next()
}

// missing is a thread that does not wait at a barrier.
func (w *warp) missing(at int) int {
	there := uint32(0)
	for _, p := range w.waiting {
		if p.at == at {
			there |= p.mask
		}
	}
	for t := range lanes {
		if w.all&^there>>t&1 != 0 {
			return w.first + t
		}
	}
	return w.first
}

// wrong is a fault of a thread.
func (b *block) wrong(thread, line int, what string) *Fault {
	return &Fault{Kernel: b.kernel.Name, Block: b.index, Thread: b.place(thread), Line: line, What: what}
}
