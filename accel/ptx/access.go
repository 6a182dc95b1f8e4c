package ptx

import "fmt"

// sharedBit marks addresses of shared memory, whose windows are the variables of a
// block.
const sharedBit = 1 << 63

func loadGlobal(w *warp, o *op)  { w.load(o, &w.block.machine.global, 0, w.block.races) }
func storeGlobal(w *warp, o *op) { w.store(o, &w.block.machine.global, 0, w.block.races) }
func loadShared(w *warp, o *op)  { w.load(o, &w.block.shared, sharedBit, w.block.races) }
func storeShared(w *warp, o *op) { w.store(o, &w.block.shared, sharedBit, w.block.races) }

func loadGlobalByte(w *warp, o *op) {
	w.loadByte(o, &w.block.machine.global, 0, w.block.races)
}

func loadSharedByte(w *warp, o *op) { w.loadByte(o, &w.block.shared, sharedBit, w.block.races) }

func (w *warp) load(o *op, s *space, bit uint64, races bool) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, s, addresses[t%lanes]+o.offset^bit, t, 4*len(o.list))
		if a == nil {
			return
		}
		for i, r := range o.list {
			w.words[r][t%lanes] = a.words[at+i]
			if races {
				if with := a.shadow[at+i].read(w.at(t), w.block.era(bit)); with != nothing {
					w.race(o, t, with, &a.shadow[at+i])
				}
			}
		}
	}
}

func (w *warp) store(o *op, s *space, bit uint64, races bool) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, s, addresses[t%lanes]+o.offset^bit, t, 4*len(o.list))
		if a == nil {
			return
		}
		for i, r := range o.list {
			value := w.words[r][t%lanes]
			if races {
				if with := a.shadow[at+i].write(w.at(t), w.block.era(bit), value == a.words[at+i]); with != nothing {
					w.race(o, t, with, &a.shadow[at+i])
				}
			}
			a.words[at+i] = value
		}
	}
}

// loadByte loads a byte and fills up with zeros.
func (w *warp) loadByte(o *op, s *space, bit uint64, races bool) {
	for _, t := range w.on {
		addr := w.longs[o.a][t%lanes] + o.offset ^ bit
		a, at := w.access(o, s, addr, t, 1)
		if a == nil {
			return
		}
		w.words[o.list[0]][t%lanes] = a.words[at] >> (8 * (addr % 4)) & 0xff
		if races {
			if with := a.shadow[at].read(w.at(t), w.block.era(bit)); with != nothing {
				w.race(o, t, with, &a.shadow[at])
			}
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

// race ends the block where an access met another one that nothing orders.
func (w *warp) race(o *op, t uint8, with met, s *shadow) {
	w.fail(o.line, t, fmt.Sprintf("race: this word was %s, with nothing in between that orders the two", s.describe(with)))
}
