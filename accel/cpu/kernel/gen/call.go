package main

import (
	"go/token"
	"go/types"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	"github.com/mmcloughlin/avo/operand"
)

// callSignature is func(call *Call) with the fields of kernel.Call, so that avo
// works out where they lie. The order here is the order there; its tests would
// not survive a difference.
func callSignature() *gotypes.Signature {
	return signature("call", "Call", []field{
		{floats, "Input Weights Output Residual Bias"},
		{numbers, "Taps"},
		{number, "Depth InputStep OutputStep OutputBlock ResidualStep ResidualBlock"},
		{number, "Repeat InputNext WeightsNext OutputNext ResidualNext"},
		{single, "Low High"},
		{boolean, "Accumulate Clip"},
	})
}

// tilesSignature is func(tiles *Tiles), likewise.
func tilesSignature() *gotypes.Signature {
	return signature("tiles", "Tiles", []field{
		{floats, "Pixels Points Residual Bias"},
		{number, "Line Stride ResidualLine Rows Cols"},
		{single, "Low High"},
		{boolean, "Clip"},
	})
}

// memory is where a field lies.
func memory(field gotypes.Component) operand.Mem {
	b, err := field.Resolve()
	if err != nil {
		panic(err) // the signature lacks the field
	}
	return b.Addr
}

// unlessEmpty jumps to label where the slice has no elements.
func unlessEmpty(ctx *build.Context, slice gotypes.Component, label string) {
	ctx.CMPQ(memory(slice.Len()), operand.Imm(0))
	ctx.JEQ(operand.LabelRef(label))
}

// unlessSet jumps to label where the field is false.
func unlessSet(ctx *build.Context, field gotypes.Component, label string) {
	ctx.CMPB(memory(field), operand.Imm(0))
	ctx.JEQ(operand.LabelRef(label))
}

// field is fields of one type, their names apart by spaces.
type field struct {
	types.Type
	names string
}

// The types of fields.
var (
	number  = types.Typ[types.Int]
	single  = types.Typ[types.Float32]
	boolean = types.Typ[types.Bool]
	floats  = types.NewSlice(single)
	numbers = types.NewSlice(number)
)

// signature is that of a function of one pointer to a struct.
func signature(param, name string, fields []field) *gotypes.Signature {
	pkg := types.NewPackage("ttad/accel/cpu/kernel", "kernel")
	var vars []*types.Var
	for _, f := range fields {
		for _, name := range strings.Fields(f.names) {
			vars = append(vars, types.NewField(token.NoPos, pkg, name, f.Type, false))
		}
	}
	of := types.NewNamed(types.NewTypeName(token.NoPos, pkg, name, nil), types.NewStruct(vars, nil), nil)
	only := types.NewParam(token.NoPos, pkg, param, types.NewPointer(of))
	return gotypes.NewSignature(pkg, types.NewSignatureType(nil, nil, nil, types.NewTuple(only), nil, false))
}
