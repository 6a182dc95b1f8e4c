package npyfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What can be wrong with a file. Every error of this package wraps one of them.
var (
	ErrFormat = errors.New("not a readable npy file")
	ErrDType  = errors.New("element type not supported")
	ErrSize   = errors.New("size does not match")
)

// DTypes lists the element types an Array can have, under the names of the Open
// Inference Protocol.
func DTypes() []string {
	return []string{"FP32", "FP64", "FP16", "UINT8", "INT8", "INT32", "INT64"}
}

// Width returns the bytes of one element, or 0 for a type that is not supported.
func Width(dtype string) int {
	switch dtype {
	case "UINT8", "INT8":
		return 1
	case "FP16":
		return 2
	case "FP32", "INT32":
		return 4
	case "FP64", "INT64":
		return 8
	}
	return 0
}

// Array is typed bytes: row-major (C order), little-endian.
type Array struct {
	DType string // one of DTypes
	Shape []int  // empty for a scalar
	Raw   []byte
}

// New describes raw as an array, after checking that its length is exactly what
// type and shape say.
func New(dtype string, shape []int, raw []byte) (Array, error) {
	w := Width(dtype)
	if w == 0 {
		return Array{}, fmt.Errorf("%w: %q, expected one of %v", ErrDType, dtype, DTypes())
	}
	n, err := elements(shape)
	if err != nil {
		return Array{}, err
	}
	if n > math.MaxInt/w || len(raw) != n*w {
		return Array{}, fmt.Errorf("%w: shape %v of %s is %d values of %d bytes, got %d bytes", ErrSize, shape, dtype, n, w, len(raw))
	}
	return Array{DType: dtype, Shape: shape, Raw: raw}, nil
}

// Len returns the number of elements.
func (a Array) Len() int { return len(a.Raw) / Width(a.DType) }

// Float32 returns the values as float32, shared with Raw where the bytes already
// are aligned float32. FP64 is rounded to nearest; integers beyond 2^24 lose
// their last digits.
func (a Array) Float32() []float32 {
	if a.DType == "FP32" {
		if shared, ok := viewFloat32(a.Raw); ok {
			return shared
		}
	}
	return a.AppendFloat32(make([]float32, 0, a.Len()))
}

// AppendFloat32 appends the values, converted as by Float32, to dst.
func (a Array) AppendFloat32(dst []float32) []float32 {
	le := binary.LittleEndian
	switch a.DType {
	case "FP32":
		for b := a.Raw; len(b) >= 4; b = b[4:] {
			dst = append(dst, math.Float32frombits(le.Uint32(b)))
		}
	case "FP64":
		for b := a.Raw; len(b) >= 8; b = b[8:] {
			dst = append(dst, float32(math.Float64frombits(le.Uint64(b))))
		}
	case "FP16":
		for b := a.Raw; len(b) >= 2; b = b[2:] {
			dst = append(dst, HalfToFloat32(le.Uint16(b)))
		}
	case "UINT8":
		for _, v := range a.Raw {
			dst = append(dst, float32(v))
		}
	case "INT8":
		for _, v := range a.Raw {
			dst = append(dst, float32(int8(v)))
		}
	case "INT32":
		for b := a.Raw; len(b) >= 4; b = b[4:] {
			dst = append(dst, float32(int32(le.Uint32(b))))
		}
	case "INT64":
		for b := a.Raw; len(b) >= 8; b = b[8:] {
			dst = append(dst, float32(int64(le.Uint64(b))))
		}
	}
	return dst
}

// Ints returns the values of an integer array.
func (a Array) Ints() ([]int, error) {
	out := make([]int, 0, a.Len())
	le := binary.LittleEndian
	switch a.DType {
	case "UINT8":
		for _, v := range a.Raw {
			out = append(out, int(v))
		}
	case "INT8":
		for _, v := range a.Raw {
			out = append(out, int(int8(v)))
		}
	case "INT32":
		for b := a.Raw; len(b) >= 4; b = b[4:] {
			out = append(out, int(int32(le.Uint32(b))))
		}
	case "INT64":
		for b := a.Raw; len(b) >= 8; b = b[8:] {
			out = append(out, int(int64(le.Uint64(b))))
		}
	default:
		return nil, fmt.Errorf("%w: expected integers, got %s: convert with a.astype('<i4')", ErrDType, a.DType)
	}
	return out, nil
}

// maxDims is NumPy's own limit before version 2.
const maxDims = 32

// elements multiplies extents without overflowing.
func elements(shape []int) (int, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("%w: %d axes, at most %d", ErrFormat, len(shape), maxDims)
	}
	n := 1
	for _, e := range shape {
		if e < 0 || (e > 0 && n > math.MaxInt/8/e) {
			return 0, fmt.Errorf("%w: shape %v is negative or too large", ErrFormat, shape)
		}
		n *= e
	}
	return n, nil
}
