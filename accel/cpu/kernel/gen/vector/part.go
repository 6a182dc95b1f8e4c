package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Predicates of comparisons; none holds for what is not a number, but the last.
const (
	lessThan  = 0x11
	atLeast   = 0x1d
	notNumber = 0x03
)

// condition says of every lane whether something holds.
type condition struct {
	mask reg.OpmaskVirtual // AVX-512
	vec  reg.VecVirtual    // AVX2: ones where it does
}

// compare says where a stands in a relation to b.
func (w *writer) compare(predicate uint8, a reg.VecVirtual, b operand.Op) condition {
	if w.masks {
		c := condition{mask: w.K()}
		w.VCMPPS(operand.Imm(uint64(predicate)), b, a, c.mask)
		return c
	}
	c := condition{vec: w.vec()}
	w.VCMPPS(operand.Imm(uint64(predicate)), b, a, c.vec)
	return c
}

// choose is yes where the condition holds and no elsewhere.
func (w *writer) choose(c condition, yes, no reg.VecVirtual) reg.VecVirtual {
	r := w.vec()
	if w.masks {
		w.VBLENDMPS(yes, no, c.mask, r)
	} else {
		w.VBLENDVPS(c.vec, yes, no, r)
	}
	return r
}

// first is the condition that holds for the first n lanes, fewer than all.
func (w *writer) first(n reg.GPVirtual) condition {
	if w.masks {
		c, ones := condition{mask: w.K()}, w.GP32()
		w.MOVL(operand.U32(1<<w.lanes-1), ones)
		w.BZHIL(n.As32(), ones, ones)
		w.KMOVW(ones, c.mask)
		return c
	}
	c, at, back := condition{vec: w.vec()}, w.GP64(), w.GP64()
	w.LEAQ(w.ends, at)
	w.MOVQ(n, back)
	w.NEGQ(back)
	w.VMOVUPS(operand.Mem{Base: at, Index: back, Scale: floatBytes, Disp: w.width()}, c.vec)
	return c
}

// part is what a step of a loop works on: whole registers, or the first lanes of
// one.
type part struct {
	*writer
	lanes *condition // nil for all
}

// load reads a register; lanes that are not of the part become 0.
func (p part) load(m operand.Mem) reg.VecVirtual {
	r := p.vec()
	switch {
	case p.lanes == nil:
		p.VMOVUPS(m, r)
	case p.masks:
		p.VMOVUPS_Z(m, p.lanes.mask, r)
	default:
		p.VMASKMOVPS(m, p.lanes.vec, r)
	}
	return r
}

// store writes the lanes of the part.
func (p part) store(r reg.VecVirtual, m operand.Mem) {
	switch {
	case p.lanes == nil:
		p.VMOVUPS(r, m)
	case p.masks:
		p.VMOVUPS(r, p.lanes.mask, m)
	default:
		p.VMASKMOVPS(r, p.lanes.vec, m)
	}
}

// keep clears the lanes of r that are not of the part.
func (p part) keep(r reg.VecVirtual) {
	switch {
	case p.lanes == nil:
	case p.masks:
		p.VMOVUPS_Z(r, p.lanes.mask, r)
	default:
		p.VANDPS(p.lanes.vec, r, r)
	}
}

// orElse takes from other the lanes of r that are not of the part.
func (p part) orElse(r, other reg.VecVirtual) reg.VecVirtual {
	if p.lanes == nil {
		return r
	}
	return p.choose(*p.lanes, r, other)
}

// wide are the conditions of the float64 that the lanes are widened to.
func (w *writer) wide(c condition) (low, high condition) {
	if w.masks {
		high = condition{mask: w.K()}
		w.KSHIFTRW(operand.Imm(8), c.mask, high.mask)
		return c, high
	}
	low, high = condition{vec: w.vec()}, condition{vec: w.vec()}
	upper := w.XMM()
	w.VEXTRACTF128(operand.Imm(1), c.vec, upper)
	w.VPMOVSXDQ(c.vec.AsX(), low.vec)
	w.VPMOVSXDQ(upper, high.vec)
	return low, high
}

// addWide adds the part's lanes of float32 to float64 in memory.
func (p part) addWide(x reg.VecVirtual, at operand.Mem) {
	low, high := p.widen(x)
	if p.lanes == nil {
		for _, r := range []reg.VecVirtual{low, high} {
			p.VADDPD(at, r, r)
			p.VMOVUPD(r, at)
			at = at.Offset(p.width())
		}
		return
	}
	first, second := p.wide(*p.lanes)
	p.addSome(first, low, at)
	p.addSome(second, high, at.Offset(p.width()))
}

// addSome adds lanes of float64 where a condition holds.
func (w *writer) addSome(c condition, x reg.VecVirtual, at operand.Mem) {
	r := w.vec()
	if w.masks {
		w.VMOVUPD_Z(at, c.mask, r)
		w.VADDPD(r, x, x)
		w.VMOVUPD(x, c.mask, at)
		return
	}
	w.VMASKMOVPD(at, c.vec, r)
	w.VADDPD(r, x, x)
	w.VMASKMOVPD(x, c.vec, at)
}
