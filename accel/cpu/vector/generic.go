package vector

// goLanes is a channel block of the family in Go, that of package kernel's.
const goLanes = 4

func inGo() Family { return Family{Name: "generic", Lanes: goLanes, functions: goFunctions()} }

// goFunctions is every function as a plain loop.
func goFunctions() *functions {
	return &functions{
		add: goAdd, sub: goSub, mul: goMul, div: goDiv, larger: goMax, smaller: goMin,
		addScalar: goAddScalar, subScalar: goSubScalar, mulScalar: goMulScalar, divScalar: goDivScalar,
		largerScalar: goMaxScalar, smallerScalar: goMinScalar, scalarSub: goScalarSub, scalarDiv: goScalarDiv,
		clip: goClip, affine: goAffine, hardSigmoid: goHardSigmoid, leakyRelu: goLeakyRelu, standardize: goStandardize,
		exp: each(exp), sigmoid: each(sigmoid), silu: each(silu), tanh: each(tanh), erf: each(erf),
		gelu: each(gelu), geluTanh: each(geluTanh), hardSwish: each(hardSwish),
		sum: goSum, most: goMaxOf, dot: goDot, sumShifted: goSumShifted, expSum: goExpSum, placewise: goPlacewise,
		blockMoments: goBlockMoments, blockAffine: goBlockAffine,
		columnMoments: goColumnMoments, columnAffine: goColumnAffine,
		transpose: goTranspose, interleave4: goInterleave4, pixels: goPixels,
	}
}
