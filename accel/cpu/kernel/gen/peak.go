package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakSums is enough independent sums for two ports of five cycles' latency;
// peakTurns repeats them so that the loop itself costs nothing.
const (
	peakSums  = 12
	peakTurns = 4
)

// writePeak writes the loop of multiply-adds that touches no memory.
func writePeak(ctx *build.Context, set instructionSet) {
	name := set.prefix + "Peak"
	ctx.Function(name)
	ctx.Attributes(attr.NOSPLIT)
	ctx.SignatureExpr("func(rounds int)")
	ctx.Doc(name + " does rounds of 48 multiply-adds of registers.")
	k := &taps{Context: ctx, instructionSet: set}
	var sums []reg.VecVirtual
	for range peakSums {
		r := set.vector(ctx)
		k.zero(r)
		sums = append(sums, r)
	}
	x := set.vector(ctx)
	k.zero(x)
	rounds := ctx.GP64()
	ctx.Load(ctx.Param("rounds"), rounds)
	ctx.Label("round")
	for range peakTurns {
		for _, sum := range sums {
			ctx.VFMADD231PS(x, x, sum)
		}
	}
	ctx.DECQ(rounds)
	ctx.JNZ(operand.LabelRef("round"))
	ctx.VZEROUPPER()
	ctx.RET()
}
