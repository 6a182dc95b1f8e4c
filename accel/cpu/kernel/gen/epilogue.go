package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// epilogue finishes the sums, each part where the call asks for it, and stores them.
// Clipping takes the sum as the second operand, which x86 returns where one of
// the two is not a number.
func (k *taps) epilogue() {
	unlessSet(k.Context, k.call.Field("Accumulate"), "bias")
	k.overOutputs("Output", func(at operand.Mem, sum reg.VecVirtual) { k.VADDPS(at, sum, sum) })
	k.Label("bias")
	unlessEmpty(k.Context, k.call.Field("Bias"), "residual")
	k.addBias()
	k.Label("residual")
	unlessEmpty(k.Context, k.call.Field("Residual"), "clip")
	k.overOutputs("Residual", func(at operand.Mem, sum reg.VecVirtual) { k.VADDPS(at, sum, sum) })
	k.Label("clip")
	unlessSet(k.Context, k.call.Field("Clip"), "store")
	k.clip()
	k.Label("store")
	k.overOutputs("Output", func(at operand.Mem, sum reg.VecVirtual) { k.VMOVUPS(sum, at) })
}

// overOutputs visits every sum with its place in Output or Residual.
func (k *taps) overOutputs(slice string, visit func(operand.Mem, reg.VecVirtual)) {
	block, step, at := k.ofTile(slice), k.GP64(), k.GP64()
	k.Load(k.call.Field(slice+"Step"), step)
	k.SHLQ(operand.Imm(2), step)
	for j := range k.blocks {
		if j > 0 {
			next := k.GP64()
			k.Load(k.call.Field(slice+"Block"), next)
			k.LEAQ(operand.Mem{Base: block, Index: next, Scale: floatBytes}, block)
		}
		k.MOVQ(block, at)
		for p := range k.pixels {
			visit(operand.Mem{Base: at}, k.sums[p][j])
			if p+1 < k.pixels {
				k.ADDQ(step, at)
			}
		}
	}
}

// addBias adds a block's biases to all its pixels.
func (k *taps) addBias() {
	bias := k.GP64()
	k.Load(k.call.Field("Bias").Base(), bias)
	for j := range k.blocks {
		b := k.vector(k.Context)
		k.VMOVUPS(operand.Mem{Base: bias, Disp: j * k.lanes * floatBytes}, b)
		for p := range k.pixels {
			k.VADDPS(b, k.sums[p][j], k.sums[p][j])
		}
	}
}

// clip holds the sums between Low and High.
func (k *taps) clip() {
	low, high := k.vector(k.Context), k.vector(k.Context)
	k.VBROADCASTSS(memory(k.call.Field("Low")), low)
	k.VBROADCASTSS(memory(k.call.Field("High")), high)
	for _, pixel := range k.sums {
		for _, sum := range pixel {
			k.VMAXPS(sum, low, sum)
			k.VMINPS(sum, high, sum)
		}
	}
}
