package main

import (
	"go/token"
	"go/types"

	"github.com/mmcloughlin/avo/gotypes"
)

// callSignature is func(call *Call) with the fields of kernel.Call, so that avo
// works out where they lie. The order here is the order there; its tests would
// not survive a difference.
func callSignature() *gotypes.Signature {
	floats := types.NewSlice(types.Typ[types.Float32])
	number, single, flag := types.Typ[types.Int], types.Typ[types.Float32], types.Typ[types.Bool]
	pkg := types.NewPackage("ttad/accel/cpu/kernel", "kernel")
	var fields []*types.Var
	add := func(t types.Type, names ...string) {
		for _, name := range names {
			fields = append(fields, types.NewField(token.NoPos, pkg, name, t, false))
		}
	}
	add(floats, "Input", "Weights", "Output", "Residual", "Bias")
	add(types.NewSlice(number), "Taps")
	add(number, "Depth", "InputStep", "OutputStep", "OutputBlock", "ResidualStep", "ResidualBlock")
	add(single, "Low", "High")
	add(flag, "Accumulate", "Clip")
	call := types.NewNamed(types.NewTypeName(token.NoPos, pkg, "Call", nil), types.NewStruct(fields, nil), nil)
	param := types.NewParam(token.NoPos, pkg, "call", types.NewPointer(call))
	return gotypes.NewSignature(pkg, types.NewSignatureType(nil, nil, nil, types.NewTuple(param), nil, false))
}
