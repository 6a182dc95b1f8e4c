package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The put functions append one field and leave out what equals the format's default.

func putInt(b []byte, num protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
}

func putText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// putMessage writes bytes even when they are empty: presence is information.
func putMessage(b []byte, num protowire.Number, msg []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), msg)
}

func putVarints[T int32 | int64 | uint64](b []byte, num protowire.Number, list []T) []byte {
	var packed []byte
	for _, v := range list {
		packed = protowire.AppendVarint(packed, uint64(v))
	}
	if packed == nil {
		return b
	}
	return putMessage(b, num, packed)
}

func putFloats(b []byte, num protowire.Number, list []float32) []byte {
	if len(list) == 0 {
		return b
	}
	packed := make([]byte, 0, 4*len(list))
	for _, v := range list {
		packed = protowire.AppendFixed32(packed, math.Float32bits(v))
	}
	return putMessage(b, num, packed)
}

func putDoubles(b []byte, num protowire.Number, list []float64) []byte {
	if len(list) == 0 {
		return b
	}
	packed := make([]byte, 0, 8*len(list))
	for _, v := range list {
		packed = protowire.AppendFixed64(packed, math.Float64bits(v))
	}
	return putMessage(b, num, packed)
}
