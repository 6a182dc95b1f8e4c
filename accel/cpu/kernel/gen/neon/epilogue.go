package main

// The sums are all a kernel's epilogue needs of the loop before it, so general
// registers begin anew.
const (
	asked gp = 1
	block gp = 2 // the first pixel of a block of Output or Residual
	next  gp = 3 // bytes to the next block
	place gp = 4 // of one pixel
	apart gp = 5 // bytes between pixels
)

// epilogue finishes the sums, each part where the call asks for it, and stores them.
func (k *tile) epilogue() {
	k.op("MOVBU", "Call_Accumulate(R0)", asked)
	k.op("CBZ", asked, "bias")
	k.overOutputs("Output", k.addMemory)
	k.label("bias")
	k.unlessEmpty("Call_Bias", "residual", asked)
	k.addBias()
	k.label("residual")
	k.unlessEmpty("Call_Residual", "clip", asked)
	k.overOutputs("Residual", k.addMemory)
	k.label("clip")
	k.op("MOVBU", "Call_Clip(R0)", asked)
	k.op("CBZ", asked, "store")
	k.clip()
	k.label("store")
	k.overOutputs("Output", func(sum vec) { k.op("FMOVQ", sum.f(), at(place, 0)) })
}

// overOutputs visits every sum with its place in Output or Residual.
func (k *tile) overOutputs(slice string, visit func(sum vec)) {
	field := func(name string) string { return "Call_" + slice + name + "(R0)" }
	k.ofTile(slice, block)
	k.op("MOVD", field("Step"), apart)
	k.op("LSL", "$2", apart, apart)
	k.op("MOVD", field("Block"), next)
	for j := range k.blocks {
		if j > 0 {
			k.op("ADD", next.String()+"<<2", block, block)
		}
		k.op("MOVD", block, place)
		for p := range k.pixels {
			visit(k.sum(p, j))
			if p+1 < k.pixels {
				k.op("ADD", apart, place, place)
			}
		}
	}
}

func (k *tile) addMemory(sum vec) {
	k.op("FMOVQ", at(place, 0), k.spare(0).f())
	k.fadd(sum, sum, k.spare(0))
}

// addBias adds a block's biases to all its pixels.
func (k *tile) addBias() {
	k.op("MOVD", "Call_Bias(R0)", place)
	for j := range k.blocks {
		k.op("FMOVQ", at(place, j*lineBytes), k.spare(0).f())
		for p := range k.pixels {
			k.fadd(k.sum(p, j), k.sum(p, j), k.spare(0))
		}
	}
}

// clip holds the sums between Low and High. It compares, as the plain loop does:
// FMAX would turn -0 into 0.
func (k *tile) clip() {
	low, high := k.spare(0), k.spare(1)
	k.spread("Call_Low(R0)", low)
	k.spread("Call_High(R0)", high)
	for i := range k.pixels * k.blocks {
		k.clamp(vec(i), low, high, k.spare(2))
	}
}

// clamp puts the bounds where v passes them. Nothing is greater than what is not
// a number, nor it than anything.
func (f *file) clamp(v, low, high, mask vec) {
	f.fcmgt(mask, low, v)
	f.op("VBIT", mask.b16(), low.b16(), v.b16())
	f.fcmgt(mask, v, high)
	f.op("VBIT", mask.b16(), high.b16(), v.b16())
}
