package onnx

import (
	"maps"
	"slices"

	"ttad/accel"
)

// operators lists every operator of ai.onnx that Import understands. A new one
// is a lowering in its family's file, a line here and a case in that file's test.
func operators() map[string]lowering {
	ops := map[string]lowering{
		// Windows: conv.go, pool.go
		"Conv": lowerConv, "MaxPool": lowerPool(accel.PoolMax), "AveragePool": lowerPool(accel.PoolAverage),
		"GlobalAveragePool": lowerGlobalPool(accel.ReduceMean), "GlobalMaxPool": lowerGlobalPool(accel.ReduceMax),
		// Matrices: matmul.go
		"Gemm": lowerGemm, "MatMul": lowerMatMul,
		// Normalization: norm.go
		"BatchNormalization": lowerBatchNorm, "InstanceNormalization": lowerInstanceNorm,
		"LayerNormalization": lowerLayerNorm, "GroupNormalization": lowerGroupNorm,
		"Softmax": lowerSoftmax(false), "LogSoftmax": lowerSoftmax(true),
		// One value: elementwise.go
		"Clip": lowerClip, "Gelu": lowerGelu, "Cast": lowerCast, "CastLike": lowerCastLike, "Mish": lowerMish,
		"Identity": lowerIdentity, "Dropout": lowerIdentity,
		// Several values: binary.go
		"Pow": lowerPow, "Where": lowerWhere, "Mean": lowerMean,
		// Axes folded: reduce.go
		"ReduceProd": lowerReduceProd,
		// Elements elsewhere: layout.go, slice.go, expand.go
		"Reshape": lowerReshape, "Flatten": lowerFlatten, "Squeeze": lowerSqueeze, "Unsqueeze": lowerUnsqueeze,
		"Transpose": lowerTranspose, "Concat": lowerConcat, "Gather": lowerGather,
		"DepthToSpace": lowerDepthToSpace, "SpaceToDepth": lowerSpaceToDepth,
		"Slice": lowerSlice, "Split": lowerSplit, "Pad": lowerPad, "Expand": lowerExpand, "Tile": lowerTile,
		// Shapes and constants: shapes.go, scatter.go
		"Constant": lowerConstant, "ConstantOfShape": lowerConstantOfShape, "Shape": lowerShape, "Size": lowerSize,
		"Range": lowerRange, "ScatterND": lowerScatterND,
	}
	maps.Copy(ops, mapOperators())
	maps.Copy(ops, binaryOperators())
	maps.Copy(ops, reduceOperators())
	return ops
}

// Operators returns the names of all operators Import understands, sorted.
func Operators() []string { return slices.Sorted(maps.Keys(operators())) }
