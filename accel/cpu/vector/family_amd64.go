//go:build amd64 && !purego

package vector

import "golang.org/x/sys/cpu"

// families are those this processor can run, the fastest first.
func families() []Family {
	x := &cpu.X86
	all := []Family{inGo()}
	if x.HasAVX2 && x.HasFMA && x.HasBMI2 {
		all = append([]Family{inAVX2()}, all...)
	}
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW && x.HasBMI2 {
		all = append([]Family{inAVX512()}, all...)
	}
	return all
}

func inAVX512() Family {
	return Family{Name: "avx512", Lanes: 16, functions: &functions{
		add: avx512Add, sub: avx512Sub, mul: avx512Mul, div: avx512Div, larger: avx512Max, smaller: avx512Min,
		addScalar: avx512AddScalar, subScalar: avx512SubScalar, mulScalar: avx512MulScalar, divScalar: avx512DivScalar,
		largerScalar: avx512MaxScalar, smallerScalar: avx512MinScalar, scalarSub: avx512ScalarSub, scalarDiv: avx512ScalarDiv,
		clip: avx512Clip, affine: avx512Affine, hardSigmoid: avx512HardSigmoid, leakyRelu: avx512LeakyRelu, standardize: avx512Standardize,
		exp: avx512Exp, sigmoid: avx512Sigmoid, silu: avx512Silu, tanh: avx512Tanh, erf: avx512Erf,
		gelu: avx512Gelu, geluTanh: avx512GeluTanh, hardSwish: avx512HardSwish,
		sum: avx512Sum, most: avx512MaxOf, dot: avx512Dot, sumShifted: avx512SumShifted, expSum: avx512ExpSum,
		placewise:    placewise(avx512Placewise, avx512PlacewiseUnbiased),
		blockMoments: avx512BlockMoments, blockAffine: blockAffine(avx512BlockAffine, avx512BlockAffineAdd),
		columnMoments: columnMoments(avx512ColumnMoments), columnAffine: columnAffine(avx512ColumnAffine, avx512ColumnAffineAdd),
		columnLargest: avx512ColumnLargest, columnSoftmax: avx512ColumnSoftmax, entropy: avx512Entropy,
		transpose:   transpose(square{16, avx512Transpose}, square{8, avx2Transpose}, square{4, avx2TransposeQuad}),
		interleave4: interleave4(16, avx512Interleave1, avx512Interleave2, avx512Interleave3, avx512Interleave4),
		pixels:      pixels(16, avx512Pixels2, avx512Pixels3),
	}}
}

func inAVX2() Family {
	return Family{Name: "avx2", Lanes: 8, functions: &functions{
		add: avx2Add, sub: avx2Sub, mul: avx2Mul, div: avx2Div, larger: avx2Max, smaller: avx2Min,
		addScalar: avx2AddScalar, subScalar: avx2SubScalar, mulScalar: avx2MulScalar, divScalar: avx2DivScalar,
		largerScalar: avx2MaxScalar, smallerScalar: avx2MinScalar, scalarSub: avx2ScalarSub, scalarDiv: avx2ScalarDiv,
		clip: avx2Clip, affine: avx2Affine, hardSigmoid: avx2HardSigmoid, leakyRelu: avx2LeakyRelu, standardize: avx2Standardize,
		exp: avx2Exp, sigmoid: avx2Sigmoid, silu: avx2Silu, tanh: avx2Tanh, erf: avx2Erf,
		gelu: avx2Gelu, geluTanh: avx2GeluTanh, hardSwish: avx2HardSwish,
		sum: avx2Sum, most: avx2MaxOf, dot: avx2Dot, sumShifted: avx2SumShifted, expSum: avx2ExpSum,
		placewise:    placewise(avx2Placewise, avx2PlacewiseUnbiased),
		blockMoments: avx2BlockMoments, blockAffine: blockAffine(avx2BlockAffine, avx2BlockAffineAdd),
		columnMoments: columnMoments(avx2ColumnMoments), columnAffine: columnAffine(avx2ColumnAffine, avx2ColumnAffineAdd),
		columnLargest: avx2ColumnLargest, columnSoftmax: avx2ColumnSoftmax, entropy: avx2Entropy,
		transpose:   transpose(square{8, avx2Transpose}, square{4, avx2TransposeQuad}),
		interleave4: interleave4(8, avx2Interleave1, avx2Interleave2, avx2Interleave3, avx2Interleave4),
		pixels:      pixels(8, avx2Pixels2, avx2Pixels3),
	}}
}
