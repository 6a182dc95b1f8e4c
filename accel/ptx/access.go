package ptx

import "fmt"

// sharedBit marks addresses of shared memory, whose windows are the variables of a
// block.
const sharedBit = 1 << 63

func loadGlobal(w *warp, o *op)  { w.load(o, &w.block.machine.global, 0, w.block.races) }
func storeGlobal(w *warp, o *op) { w.store(o, &w.block.machine.global, 0, w.block.races) }
func loadShared(w *warp, o *op)  { w.load(o, &w.block.shared, sharedBit, w.block.races) }
func storeShared(w *warp, o *op) { w.store(o, &w.block.shared, sharedBit, w.block.races) }

func (w *warp) load(o *op, s *space, bit uint64, races bool) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, s, addresses[t%lanes]+o.offset^bit, t)
		if a == nil {
			return
		}
		for i, r := range o.list {
			w.words[r][t%lanes] = a.words[at+i]
			if races {
				w.ordered(o, t, a.shadow[at+i].read(w.at(t), w.block.era(bit)))
			}
		}
	}
}

func (w *warp) store(o *op, s *space, bit uint64, races bool) {
	addresses := &w.longs[o.a]
	for _, t := range w.on {
		a, at := w.access(o, s, addresses[t%lanes]+o.offset^bit, t)
		if a == nil {
			return
		}
		for i, r := range o.list {
			value := w.words[r][t%lanes]
			if races {
				w.ordered(o, t, a.shadow[at+i].write(w.at(t), w.block.era(bit), value == a.words[at+i]))
			}
			a.words[at+i] = value
		}
	}
}

// access finds the words of a load or store of one lane, or ends the block.
func (w *warp) access(o *op, s *space, addr uint64, t uint8) (*allocation, int) {
	bytes := int64(4 * len(o.list))
	a, at := s.find(addr)
	if a == nil || at < 0 || at&(bytes-1) != 0 || at+bytes > int64(a.bytes) {
		w.fail(o.line, t, s.explain(addr, int(bytes)))
		return nil, 0
	}
	return a, int(at / 4)
}

// ordered ends the block when an access met another one that nothing orders.
func (w *warp) ordered(o *op, t uint8, with other) {
	if with != nobody {
		w.fail(o.line, t, fmt.Sprintf("race: this word was %s, with nothing in between that orders the two", with))
	}
}
