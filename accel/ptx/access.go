package ptx

import "fmt"

// sharedBit marks addresses of shared memory, whose windows are the variables of a
// block.
const sharedBit = 1 << 63

func loadGlobal(w *warp, o *op)     { w.load(o, w.block.inGlobal()) }
func storeGlobal(w *warp, o *op)    { w.store(o, w.block.inGlobal()) }
func loadShared(w *warp, o *op)     { w.load(o, w.block.inShared()) }
func storeShared(w *warp, o *op)    { w.store(o, w.block.inShared()) }
func loadGlobalByte(w *warp, o *op) { w.loadByte(o, w.block.inGlobal()) }
func loadSharedByte(w *warp, o *op) { w.loadByte(o, w.block.inShared()) }

// memory is what an instruction loads from or stores to.
type memory struct {
	*space
	bit uint64 // in its addresses
	era era
}

func (b *block) inGlobal() memory { return memory{&b.machine.global, 0, era{b.first, b.began}} }

// inShared is memory that no other block can reach.
func (b *block) inShared() memory { return memory{&b.shared, sharedBit, era{b.began, b.began}} }

func (w *warp) load(o *op, m memory) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, m.space, addresses[t%lanes]+o.offset^m.bit, t, 4*len(o.list))
		if a == nil {
			return
		}
		for i, r := range o.list {
			w.words[r][t%lanes] = a.words[at+i]
			if w.block.races {
				w.reads(o, t, &a.shadow[at+i], m.era)
			}
		}
	}
}

// loadByte loads a byte and fills up with zeros.
func (w *warp) loadByte(o *op, m memory) {
	for _, t := range w.on {
		addr := w.longs[o.a][t%lanes] + o.offset ^ m.bit
		a, at := w.access(o, m.space, addr, t, 1)
		if a == nil {
			return
		}
		w.words[o.list[0]][t%lanes] = a.words[at] >> (8 * (addr % 4)) & 0xff
		if w.block.races {
			w.reads(o, t, &a.shadow[at], m.era)
		}
	}
}

func (w *warp) store(o *op, m memory) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, m.space, addresses[t%lanes]+o.offset^m.bit, t, 4*len(o.list))
		if a == nil {
			return
		}
		for i, r := range o.list {
			value := w.words[r][t%lanes]
			if w.block.races {
				w.writes(o, t, &a.shadow[at+i], m.era, value == a.words[at+i])
			}
			a.words[at+i] = value
		}
	}
}

// access finds the words of a load or store of one lane, or ends the block.
func (w *warp) access(o *op, s *space, addr uint64, t uint8, bytes int) (*allocation, int) {
	a, at := s.find(addr)
	if a == nil || at < 0 || at&int64(bytes-1) != 0 || at+int64(bytes) > int64(a.bytes) {
		w.fail(o.line, t, s.explain(addr, bytes))
		return nil, 0
	}
	return a, int(at / 4)
}

// reads enters a read of lane t.
func (w *warp) reads(o *op, t uint8, s *shadow, e era) {
	if with := s.read(w.now(t), e); with != nothing {
		w.race(o, t, s, with)
	}
}

// writes enters a write of lane t.
func (w *warp) writes(o *op, t uint8, s *shadow, e era, same bool) {
	if with := s.write(w.now(t), e, same); with != nothing {
		w.race(o, t, s, with)
	}
}

// now is an access of lane t.
func (w *warp) now(t uint8) mark { return marked(w.block.interval, w.first+int(t)) }

// race ends the block where an access met another one that nothing orders.
func (w *warp) race(o *op, t uint8, s *shadow, with met) {
	w.fail(o.line, t, fmt.Sprintf("race: this word was %s, with nothing in between that orders the two", s.describe(with)))
}
