package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"ttad/accel"
)

// DataType is an element type, numbered as in the format.
type DataType int32

// Element types. Those without a comment are read as initializers and inputs.
const (
	TypeFloat    DataType = 1
	TypeUint8    DataType = 2
	TypeInt8     DataType = 3
	TypeUint16   DataType = 4
	TypeInt16    DataType = 5
	TypeInt32    DataType = 6
	TypeInt64    DataType = 7
	TypeString   DataType = 8 // refused
	TypeBool     DataType = 9
	TypeFloat16  DataType = 10
	TypeDouble   DataType = 11
	TypeUint32   DataType = 12
	TypeUint64   DataType = 13
	TypeBfloat16 DataType = 16
)

// typeInfo lists each readable type once: its name, bytes an element in
// raw_data, and whether it holds whole numbers.
func (t DataType) info() (name string, size int, integer bool) {
	switch t {
	case TypeFloat:
		return "float32", 4, false
	case TypeUint8:
		return "uint8", 1, true
	case TypeInt8:
		return "int8", 1, true
	case TypeUint16:
		return "uint16", 2, true
	case TypeInt16:
		return "int16", 2, true
	case TypeInt32:
		return "int32", 4, true
	case TypeInt64:
		return "int64", 8, true
	case TypeBool:
		return "bool", 1, true
	case TypeFloat16:
		return "float16", 2, false
	case TypeDouble:
		return "float64", 8, false
	case TypeUint32:
		return "uint32", 4, true
	case TypeUint64:
		return "uint64", 8, true
	case TypeBfloat16:
		return "bfloat16", 2, false
	default:
		return fmt.Sprintf("type %d", int32(t)), 0, false
	}
}

// String is the type's usual name.
func (t DataType) String() string { name, _, _ := t.info(); return name }

// Integer reports whether elements are whole numbers; bool counts as such.
func (t DataType) Integer() bool { _, _, integer := t.info(); return integer }

// known reports whether elements of this type can be read at all.
func (t DataType) known() bool { _, size, _ := t.info(); return size > 0 }

// Tensor is a constant. Its elements are in exactly one of Raw (little-endian)
// and the typed lists; Raw aliases the file's bytes. The format puts small
// integers, bool and float16 bit patterns into Int32s.
type Tensor struct {
	Name     string
	Type     DataType
	Dims     []int64
	Raw      []byte
	Floats   []float32
	Int32s   []int32
	Int64s   []int64
	Doubles  []float64
	Uint64s  []uint64
	External bool // the elements lie in another file, which is refused
}

// FloatTensor returns a float32 constant. It panics when data does not fill dims.
func FloatTensor(name string, data []float32, dims ...int) Tensor {
	if n := accel.Elements(dims); n != len(data) {
		panic(fmt.Sprintf("onnx: tensor %q: extents %v want %d elements, got %d", name, dims, n, len(data)))
	}
	raw := make([]byte, 0, 4*len(data))
	for _, f := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return Tensor{Name: name, Type: TypeFloat, Dims: wide(dims), Raw: raw}
}

// IntTensor returns an int64 constant. It panics when data does not fill dims.
func IntTensor(name string, data []int64, dims ...int) Tensor {
	if n := accel.Elements(dims); n != len(data) {
		panic(fmt.Sprintf("onnx: tensor %q: extents %v want %d elements, got %d", name, dims, n, len(data)))
	}
	return Tensor{Name: name, Type: TypeInt64, Dims: wide(dims), Int64s: data}
}

func wide(dims []int) []int64 {
	out := make([]int64, len(dims))
	for i, d := range dims {
		out[i] = int64(d)
	}
	return out
}

// Extents returns the shape, or an error when it is negative or larger than any
// device indexes.
func (t *Tensor) Extents() ([]int, error) {
	out := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("tensor %q: extent %d on axis %d", t.Name, d, i)
		}
		out[i] = int(d)
	}
	if accel.Elements(out) < 0 {
		return nil, fmt.Errorf("tensor %q: extents %v are too many elements", t.Name, out)
	}
	return out, nil
}
