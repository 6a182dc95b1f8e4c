package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"ttad/accel"
)

// Float32s returns the elements as float32, converted from whatever type the
// file stores. The result is a copy: raw_data may start at any byte of the file.
func (t *Tensor) Float32s() ([]float32, error) {
	return elements(t, t.floatAt)
}

// Int64Values returns the elements of an integer or bool tensor.
func (t *Tensor) Int64Values() ([]int64, error) {
	if !t.Type.Integer() {
		return nil, fmt.Errorf("tensor %q: %s elements where whole numbers are needed", t.Name, t.Type)
	}
	return elements(t, t.intAt)
}

// elements reads every element with at. The count is checked against the bytes
// that are there before anything is allocated.
func elements[T any](t *Tensor, at func(i int) T) ([]T, error) {
	n, err := t.count()
	if err != nil {
		return nil, err
	}
	out := make([]T, n)
	for i := range out {
		out[i] = at(i)
	}
	return out, nil
}

// count returns the number of elements after checking that the declared shape
// and the stored data agree.
func (t *Tensor) count() (int, error) {
	extents, err := t.Extents()
	if err != nil {
		return 0, err
	}
	if t.External {
		return 0, fmt.Errorf("tensor %q: its data lies in another file (external data); save the model as one file, for example with onnx.save_model(..., save_as_external_data=False)", t.Name)
	}
	name, size, _ := t.Type.info()
	if size == 0 {
		return 0, fmt.Errorf("tensor %q: element %s is not supported", t.Name, name)
	}
	want, have := accel.Elements(extents), t.stored(size)
	if want != have {
		return 0, fmt.Errorf("tensor %q: shape %v wants %d %s elements, the file has %d", t.Name, extents, want, name, have)
	}
	return want, nil
}

// stored returns the number of elements the data holds, or -1 where raw bytes
// end inside one.
func (t *Tensor) stored(size int) int {
	if len(t.Raw) > 0 {
		if len(t.Raw)%size != 0 {
			return -1
		}
		return len(t.Raw) / size
	}
	switch t.Type {
	case TypeFloat:
		return len(t.Floats)
	case TypeDouble:
		return len(t.Doubles)
	case TypeInt64:
		return len(t.Int64s)
	case TypeUint32, TypeUint64:
		return len(t.Uint64s)
	default:
		return len(t.Int32s)
	}
}

func (t *Tensor) floatAt(i int) float32 {
	switch t.Type {
	case TypeFloat:
		if len(t.Raw) > 0 {
			return math.Float32frombits(binary.LittleEndian.Uint32(t.Raw[4*i:]))
		}
		return t.Floats[i]
	case TypeDouble:
		if len(t.Raw) > 0 {
			return float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Raw[8*i:])))
		}
		return float32(t.Doubles[i])
	case TypeFloat16:
		return halfToFloat(t.half(i))
	case TypeBfloat16:
		return math.Float32frombits(uint32(t.half(i)) << 16)
	default:
		return float32(t.intAt(i))
	}
}

// half returns the bits of a two-byte float.
func (t *Tensor) half(i int) uint16 {
	if len(t.Raw) > 0 {
		return binary.LittleEndian.Uint16(t.Raw[2*i:])
	}
	return uint16(t.Int32s[i])
}

func (t *Tensor) intAt(i int) int64 {
	if len(t.Raw) > 0 {
		return t.rawInt(i)
	}
	switch t.Type {
	case TypeInt64:
		return t.Int64s[i]
	case TypeUint32, TypeUint64:
		return int64(t.Uint64s[i])
	default:
		return int64(t.Int32s[i])
	}
}

func (t *Tensor) rawInt(i int) int64 {
	switch t.Type {
	case TypeInt8:
		return int64(int8(t.Raw[i]))
	case TypeUint8, TypeBool:
		return int64(t.Raw[i])
	case TypeInt16:
		return int64(int16(binary.LittleEndian.Uint16(t.Raw[2*i:])))
	case TypeUint16:
		return int64(binary.LittleEndian.Uint16(t.Raw[2*i:]))
	case TypeInt32:
		return int64(int32(binary.LittleEndian.Uint32(t.Raw[4*i:])))
	case TypeUint32:
		return int64(binary.LittleEndian.Uint32(t.Raw[4*i:]))
	default:
		return int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
	}
}

// halfToFloat widens an IEEE 754 binary16, subnormals included.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(f))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}
