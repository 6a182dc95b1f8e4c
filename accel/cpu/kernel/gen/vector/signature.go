package main

import (
	"go/token"
	"go/types"

	"github.com/mmcloughlin/avo/gotypes"
)

// Kinds of fields. The structs written here repeat those of package vector, so
// that avo works out where a field lies; its tests would not survive a difference.
var (
	floats  = types.NewSlice(types.Typ[types.Float32])
	doubles = types.NewSlice(types.Typ[types.Float64])
	number  = types.Typ[types.Int]
	single  = types.Typ[types.Float32]
	truth   = types.Typ[types.Bool]
	pkg     = types.NewPackage("ttad/accel/cpu/vector", "vector")
)

func field(name string, kind types.Type) *types.Var {
	return types.NewField(token.NoPos, pkg, name, kind, false)
}

func structure(name string, fields ...*types.Var) types.Type {
	return types.NewNamed(types.NewTypeName(token.NoPos, pkg, name, nil), types.NewStruct(fields, nil), nil)
}

// taking is func(a name), name being a struct of these fields.
func taking(name string, fields ...*types.Var) *gotypes.Signature {
	param := types.NewParam(token.NoPos, pkg, "a", structure(name, fields...))
	return gotypes.NewSignature(pkg, types.NewSignatureType(nil, nil, nil, types.NewTuple(param), nil, false))
}
