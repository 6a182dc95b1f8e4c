package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quad is what x86 shuffles within: four float32.
const quad = 4

// writeLayout writes the moves between layouts.
func (w *writer) writeLayout() {
	w.writeTile("Transpose")
	if !w.masks {
		small := *w // for matrices narrower than a register
		small.lanes, small.vector = quad, func(c *build.Context) reg.VecVirtual { return c.XMM() }
		small.writeTile("TransposeQuad")
	}
	for channels := 1; channels <= quad; channels++ {
		w.writeInterleave(channels)
	}
	for channels := 2; channels < quad; channels++ {
		w.writePixels(channels)
	}
}

// writeTile writes the transposition of a square whose side is a register.
func (w *writer) writeTile(name string) {
	w.begin(name, "func(y, x *float32, yStep, xStep int)", fmt.Sprintf("transposes %dx%d values.", w.lanes, w.lanes))
	y, x := w.number(w.Param("y")), w.number(w.Param("x"))
	yStep, xStep := w.bytes(w.Param("yStep")), w.bytes(w.Param("xStep"))
	var groups [][quad]reg.VecVirtual // of four rows: vectors whose quad l is column 4l+j
	for range w.lanes / quad {
		var rows [quad]reg.VecVirtual
		for i := range rows {
			rows[i] = w.vec()
			w.VMOVUPS(operand.Mem{Base: x}, rows[i])
			w.ADDQ(xStep, x)
		}
		groups = append(groups, w.mix(rows))
	}
	columns := make([]reg.VecVirtual, w.lanes)
	for j := range quad {
		var quads []reg.VecVirtual
		for _, g := range groups {
			quads = append(quads, g[j])
		}
		for l, v := range w.turn(quads) {
			columns[quad*l+j] = v
		}
	}
	for _, column := range columns {
		w.VMOVUPS(column, operand.Mem{Base: y})
		w.ADDQ(yStep, y)
	}
	w.end()
}

// mix transposes four rows quad by quad: quad l of vector j is column 4l+j.
func (w *writer) mix(rows [quad]reg.VecVirtual) (out [quad]reg.VecVirtual) {
	top, bottom := w.unpack(rows[0], rows[1]), w.unpack(rows[2], rows[3])
	for half := range top {
		low, high := w.vec(), w.vec()
		w.VUNPCKLPD(bottom[half], top[half], low)
		w.VUNPCKHPD(bottom[half], top[half], high)
		out[2*half], out[2*half+1] = low, high
	}
	return out
}

// unpack brings together what lies at the same place of two rows.
func (w *writer) unpack(a, b reg.VecVirtual) (out [2]reg.VecVirtual) {
	out[0], out[1] = w.vec(), w.vec()
	w.VUNPCKLPS(b, a, out[0])
	w.VUNPCKHPS(b, a, out[1])
	return out
}

// turn transposes a square of quads: quad g of vector l is quad l of in[g].
func (w *writer) turn(in []reg.VecVirtual) []reg.VecVirtual {
	switch len(in) {
	case 1:
		return in
	case 2:
		return w.halves(in[0], in[1])
	}
	even, odd := [2]reg.VecVirtual{}, [2]reg.VecVirtual{}
	for i := range even {
		even[i], odd[i] = w.alternate(in[2*i], in[2*i+1])
	}
	out := make([]reg.VecVirtual, quad)
	out[0], out[2] = w.alternate(even[0], even[1])
	out[1], out[3] = w.alternate(odd[0], odd[1])
	return out
}

// alternate is the quads of a and then of b at even places, and those at odd ones.
func (w *writer) alternate(a, b reg.VecVirtual) (even, odd reg.VecVirtual) {
	even, odd = w.vec(), w.vec()
	w.VSHUFF32X4(operand.Imm(0x88), b, a, even)
	w.VSHUFF32X4(operand.Imm(0xdd), b, a, odd)
	return even, odd
}

// halves is the first quads of a and b, and the second.
func (w *writer) halves(a, b reg.VecVirtual) []reg.VecVirtual {
	first, second := w.vec(), w.vec()
	w.VPERM2F128(operand.Imm(0x20), b, a, first)
	w.VPERM2F128(operand.Imm(0x31), b, a, second)
	return []reg.VecVirtual{first, second}
}

// writeInterleave makes pixels of four channels, the last of which may be zeros.
func (w *writer) writeInterleave(channels int) {
	w.begin(fmt.Sprintf("Interleave%d", channels), "func(y, x *float32, pixels, plane int)",
		fmt.Sprintf("makes pixels of four floats from planes of %d, a multiple of %d of them.", channels, w.lanes))
	y, x, left, plane := w.number(w.Param("y")), w.number(w.Param("x")), w.number(w.Param("pixels")), w.bytes(w.Param("plane"))
	none := w.zero()
	w.Label("pixels")
	var rows [quad]reg.VecVirtual
	at := w.GP64()
	w.MOVQ(x, at)
	for c := range rows {
		switch {
		case c >= channels:
			rows[c] = none
			continue
		case c > 0:
			w.ADDQ(plane, at)
		}
		rows[c] = w.vec()
		w.VMOVUPS(operand.Mem{Base: at}, rows[c])
	}
	for i, pixels := range w.inOrder(w.mix(rows)) {
		w.VMOVUPS(pixels, operand.Mem{Base: y, Disp: i * w.width()})
	}
	w.ADDQ(operand.Imm(uint64(w.width())), x)
	w.ADDQ(operand.U32(quad*w.width()), y)
	w.SUBQ(operand.Imm(uint64(w.lanes)), left)
	w.JNZ(operand.LabelRef("pixels"))
	w.end()
}

// inOrder brings mixed pixels into their order: quad l of vector j is pixel 4l+j.
func (w *writer) inOrder(mixed [quad]reg.VecVirtual) []reg.VecVirtual {
	if w.masks {
		return w.turn(mixed[:])
	}
	front, back := w.halves(mixed[0], mixed[1]), w.halves(mixed[2], mixed[3])
	return []reg.VecVirtual{front[0], back[0], front[1], back[1]}
}

// writePixels makes pixels of just the channels there are. Value i of what a turn
// writes is channel i%channels of pixel i/channels; a permutation brings pixels of
// every channel where they belong, and of each result one channel's value is kept.
func (w *writer) writePixels(channels int) {
	w.begin(fmt.Sprintf("Pixels%d", channels), "func(y, x *float32, pixels, plane int)",
		fmt.Sprintf("makes pixels of %d floats from as many planes, a multiple of %d of them.", channels, w.lanes))
	y, left, plane := w.number(w.Param("y")), w.number(w.Param("pixels")), w.bytes(w.Param("plane"))
	planes := []operand.Mem{{Base: w.number(w.Param("x"))}}
	planes = append(planes, operand.Mem{Base: planes[0].Base, Index: plane, Scale: 1}, operand.Mem{Base: planes[0].Base, Index: plane, Scale: 2})
	var pixel []reg.VecVirtual // of the values of each result
	for i := range channels {
		at := w.vec()
		w.VMOVUPS(w.table(fmt.Sprintf("Pixels%dOf%d", i, channels), func(lane int) uint32 {
			return uint32((i*w.lanes + lane) / channels)
		}, w.lanes), at)
		pixel = append(pixel, at)
	}
	takers := w.takers(channels)
	w.Label("pixels")
	for i, at := range pixel {
		result := w.vec()
		w.VPERMPS(planes[0], at, result)
		for c := 1; c < channels; c++ {
			takers[(c+channels-i*w.lanes%channels)%channels](planes[c], at, result)
		}
		w.VMOVUPS(result, operand.Mem{Base: y, Disp: i * w.width()})
	}
	w.ADDQ(operand.Imm(uint64(w.width())), planes[0].Base)
	w.ADDQ(operand.U32(channels*w.width()), y)
	w.SUBQ(operand.Imm(uint64(w.lanes)), left)
	w.JNZ(operand.LabelRef("pixels"))
	w.end()
}

// takers put permuted values into every step-th lane of a result, one taker from
// each of the first step lanes on.
func (w *writer) takers(step int) (takers []func(values operand.Mem, order, result reg.VecVirtual)) {
	for first := range step {
		lanes := uint64(0)
		for lane := first; lane < w.lanes; lane += step {
			lanes |= 1 << lane
		}
		if !w.masks {
			takers = append(takers, func(values operand.Mem, order, result reg.VecVirtual) {
				all := w.vec()
				w.VPERMPS(values, order, all)
				w.VBLENDPS(operand.Imm(lanes), all, result, result)
			})
			continue
		}
		mask, bits := w.K(), w.GP32()
		w.MOVL(operand.U32(lanes), bits)
		w.KMOVW(bits, mask)
		takers = append(takers, func(values operand.Mem, order, result reg.VecVirtual) {
			w.VPERMPS(values, order, mask, result)
		})
	}
	return takers
}
