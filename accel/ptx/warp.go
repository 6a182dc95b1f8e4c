package ptx

import "math/bits"

// lanes is how many threads go in step.
const lanes = 32

// warp is the threads of a block that go in step, with their registers.
type warp struct {
	block *block
	first int // number of the thread in lane 0
	all   uint32

	words [][lanes]uint32
	longs [][lanes]uint64

	parts   []part // lanes that can go on
	waiting []part // lanes at a barrier
	on      []uint8
	mask    uint32 // of on
	buffer  [lanes]uint8
}

// part is lanes that are at the same basic block.
type part struct {
	at   int
	mask uint32
}

// reset has all lanes begin, with nothing in their registers.
func (w *warp) reset() {
	if !w.block.kernel.proved {
		w.poison()
	}
	w.parts = append(w.parts[:0], part{0, w.all})
	w.waiting = w.waiting[:0]
}

// poison writes what no instruction should meet to the registers of the code.
func (w *warp) poison() {
	k := w.block.kernel
	for i := range w.words[:k.freshWords] {
		for t := range w.words[i] {
			w.words[i][t] = poison
		}
	}
	for i := range w.longs[:k.freshLongs] {
		for t := range w.longs[i] {
			w.longs[i][t] = poison<<32 | poison
		}
	}
}

// advance runs until every lane has ended, waits at a barrier, or one went wrong.
// Lanes that are behind go first, so that those which parted meet again.
func (w *warp) advance() {
	code := w.block.kernel.code
	for len(w.parts) > 0 && w.block.fault == nil {
		p := w.behind()
		w.light(p.mask)
		b := &code[p.at]
		w.block.counts[p.at] += uint64(len(w.on))
		for i := range b.ops {
			o := &b.ops[i]
			o.run(w, o)
			if w.block.fault != nil {
				return
			}
		}
		w.leave(b, p)
		if w.block.steps -= int64(len(b.ops)) + 1; w.block.steps < 0 {
			w.fail(b.line, w.on[0], "the block does not end")
		}
	}
}

// behind takes out the lanes that are furthest behind.
func (w *warp) behind() part {
	p := w.parts[0]
	for _, q := range w.parts[1:] {
		if q.at < p.at {
			p = q
		}
	}
	rest := w.parts[:0]
	for _, q := range w.parts {
		if q.at == p.at {
			p.mask |= q.mask
		} else {
			rest = append(rest, q)
		}
	}
	w.parts = rest
	return p
}

// light puts lanes to work.
func (w *warp) light(mask uint32) {
	if w.mask == mask {
		return
	}
	w.mask, w.on = mask, w.buffer[:0]
	for m := mask; m != 0; m &= m - 1 {
		w.on = append(w.on, uint8(bits.TrailingZeros32(m)))
	}
}

// leave takes the lanes that did a basic block to what follows.
func (w *warp) leave(b *basic, p part) {
	switch b.exit {
	case falls:
		w.parts = append(w.parts, part{p.at + 1, p.mask})
	case jumps:
		w.parts = append(w.parts, part{b.target, p.mask})
	case forks:
		taken := w.holds(b)
		if taken != 0 {
			w.parts = append(w.parts, part{b.target, taken})
		}
		if rest := p.mask &^ taken; rest != 0 {
			w.parts = append(w.parts, part{p.at + 1, rest})
		}
	case barrier:
		w.wait(p)
	case ends:
	}
}

// wait has lanes wait at a barrier, with those of the warp that do so already.
func (w *warp) wait(p part) {
	for i := range w.waiting {
		if w.waiting[i].at == p.at {
			w.waiting[i].mask |= p.mask
			return
		}
	}
	w.waiting = append(w.waiting, p)
}

// holds is the lanes at work in which the condition of a branch holds.
func (w *warp) holds(b *basic) uint32 {
	var mask uint32
	condition := &w.words[b.cond]
	for _, t := range w.on {
		v := condition[t%lanes]
		if v > 1 {
			w.fail(b.line, t, "branch on a register that nothing was written to")
		}
		if v == 1 != b.unless {
			mask |= 1 << t
		}
	}
	return mask
}

// fail ends the block, unless something else did already.
func (w *warp) fail(line int, t uint8, what string) {
	if w.block.fault == nil {
		w.block.fault = w.block.wrong(w.first+int(t), line, what)
	}
}
