package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message as it lies on the wire.
type field struct {
	num  protowire.Number
	typ  protowire.Type
	word uint64 // varint, fixed32, fixed64
	data []byte // length-delimited; aliases the file
}

// scan walks the fields of one message. Group-encoded and unknown fields are
// handed over like any other; callers ignore numbers they do not know.
func scan(msg []byte, each func(field) error) error {
	for len(msg) > 0 {
		f, n, err := next(msg)
		if err != nil {
			return err
		}
		if err := each(f); err != nil {
			return err
		}
		msg = msg[n:]
	}
	return nil
}

// next reads one field and returns the number of bytes it took.
func next(msg []byte) (field, int, error) {
	num, typ, tag := protowire.ConsumeTag(msg)
	if tag < 0 {
		return field{}, 0, protowire.ParseError(tag)
	}
	f := field{num: num, typ: typ}
	rest, n := msg[tag:], 0
	switch typ {
	case protowire.VarintType:
		f.word, n = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var w uint32
		w, n = protowire.ConsumeFixed32(rest)
		f.word = uint64(w)
	case protowire.Fixed64Type:
		f.word, n = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		f.data, n = protowire.ConsumeBytes(rest)
	default:
		n = protowire.ConsumeFieldValue(num, typ, rest)
	}
	if n < 0 {
		return field{}, 0, fmt.Errorf("field %d: %w", num, protowire.ParseError(n))
	}
	return f, tag + n, nil
}

func (f field) want(t protowire.Type) error {
	if f.typ != t {
		return fmt.Errorf("field %d has wire type %d, want %d", f.num, f.typ, t)
	}
	return nil
}

func (f field) bytes(dst *[]byte) error {
	*dst = f.data
	return f.want(protowire.BytesType)
}

func (f field) text(dst *string) error {
	*dst = string(f.data)
	return f.want(protowire.BytesType)
}

func (f field) int(dst *int64) error {
	*dst = int64(f.word)
	return f.want(protowire.VarintType)
}

func (f field) float(dst *float32) error {
	*dst = math.Float32frombits(uint32(f.word))
	return f.want(protowire.Fixed32Type)
}

// message parses an embedded message with parse.
func (f field) message(parse func([]byte) error) error {
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	return parse(f.data)
}

// repeatedVarint appends one element or a packed run of them. The lists grow
// with the bytes read, never by a number the file announces.
func repeatedVarint[T int32 | int64 | uint64](f field, dst *[]T) error {
	if f.typ == protowire.VarintType {
		*dst = append(*dst, T(f.word))
		return nil
	}
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	for packed := f.data; len(packed) > 0; {
		v, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			return fmt.Errorf("field %d: %w", f.num, protowire.ParseError(n))
		}
		*dst = append(*dst, T(v))
		packed = packed[n:]
	}
	return nil
}

func repeatedFloat(f field, dst *[]float32) error {
	if f.typ == protowire.Fixed32Type {
		*dst = append(*dst, math.Float32frombits(uint32(f.word)))
		return nil
	}
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	for packed := f.data; len(packed) > 0; {
		v, n := protowire.ConsumeFixed32(packed)
		if n < 0 {
			return fmt.Errorf("field %d: %w", f.num, protowire.ParseError(n))
		}
		*dst = append(*dst, math.Float32frombits(v))
		packed = packed[n:]
	}
	return nil
}

func repeatedDouble(f field, dst *[]float64) error {
	if f.typ == protowire.Fixed64Type {
		*dst = append(*dst, math.Float64frombits(f.word))
		return nil
	}
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	for packed := f.data; len(packed) > 0; {
		v, n := protowire.ConsumeFixed64(packed)
		if n < 0 {
			return fmt.Errorf("field %d: %w", f.num, protowire.ParseError(n))
		}
		*dst = append(*dst, math.Float64frombits(v))
		packed = packed[n:]
	}
	return nil
}
