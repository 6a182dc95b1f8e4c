//go:build arm64 && !purego

package vector

// families are those of every arm64 processor, for NEON is part of all of them.
func families() []Family { return []Family{inNEON(), inGo()} }

func inNEON() Family {
	f := goFunctions()
	f.add, f.sub, f.mul, f.div, f.larger, f.smaller = neonAdd, neonSub, neonMul, neonDiv, neonMax, neonMin
	f.addScalar, f.subScalar, f.mulScalar, f.divScalar = neonAddScalar, neonSubScalar, neonMulScalar, neonDivScalar
	f.largerScalar, f.smallerScalar, f.scalarSub, f.scalarDiv = neonMaxScalar, neonMinScalar, neonScalarSub, neonScalarDiv
	f.clip, f.affine, f.hardSigmoid, f.standardize = neonClip, neonAffine, neonHardSigmoid, neonStandardize
	f.exp, f.sigmoid, f.silu, f.tanh, f.erf = neonExp, neonSigmoid, neonSilu, neonTanh, neonErf
	f.gelu, f.geluTanh, f.hardSwish = neonGelu, neonGeluTanh, neonHardSwish
	f.sum, f.most, f.dot, f.sumShifted, f.expSum = neonSum, neonMaxOf, neonDot, neonSumShifted, neonExpSum
	f.placewise = placewise(neonPlacewise, neonPlacewiseUnbiased)
	f.blockMoments = func(m BlockMoments) { neonBlockMoments(&m) }
	f.blockAffine = blockAffine(func(a BlockAffine) { neonBlockAffine(&a) }, func(a BlockAffine) { neonBlockAffineAdd(&a) })
	f.columnMoments = columnMoments(neonColumnMoments)
	f.columnAffine = columnAffine(func(a ColumnAffine) { neonColumnAffine(&a) }, func(a ColumnAffine) { neonColumnAffineAdd(&a) })
	f.columnLargest, f.columnSoftmax = neonColumnLargest, neonColumnSoftmax
	f.transpose = transpose(square{lanes, neonTranspose})
	f.interleave4 = interleave4(lanes, neonInterleave1, neonInterleave2, neonInterleave3, neonInterleave4)
	f.pixels = pixels(lanes, neonPixels2, neonPixels3)
	return Family{Name: "neon", Lanes: lanes, functions: f}
}

// lanes is the float32 values of a register.
const lanes = 4
