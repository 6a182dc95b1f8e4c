package onnx

// Model is an ONNX file. Field names follow the format's own (onnx.proto), in Go
// spelling; what ttad has no use for is not kept.
type Model struct {
	IRVersion       int64
	Producer        string
	ProducerVersion string
	Opsets          []Opset
	Graph           Graph
}

// Opset names an operator set and its version; the empty domain is ai.onnx.
type Opset struct {
	Domain  string
	Version int64
}

// Graph is the computation: nodes in an order in which operands come first.
type Graph struct {
	Name         string
	Nodes        []Node
	Initializers []Tensor
	Inputs       []ValueInfo
	Outputs      []ValueInfo
	Values       []ValueInfo // shapes of intermediate values, as far as the exporter wrote them
}

// Node applies an operator. An empty name in Inputs or Outputs is an operand
// that is not given.
type Node struct {
	Name    string
	OpType  string
	Domain  string
	Inputs  []string
	Outputs []string
	Attrs   []Attribute
}

// AttrType says which field of an Attribute is meant.
type AttrType int32

// Attribute types, numbered as in the format.
const (
	AttrFloat   AttrType = 1
	AttrInt     AttrType = 2
	AttrString  AttrType = 3
	AttrTensor  AttrType = 4
	AttrGraph   AttrType = 5 // seen, never followed: control flow is refused
	AttrFloats  AttrType = 6
	AttrInts    AttrType = 7
	AttrStrings AttrType = 8
)

// Attribute is a named constant of a node.
type Attribute struct {
	Name    string
	Type    AttrType
	F       float32
	I       int64
	S       string
	T       *Tensor
	Floats  []float32
	Ints    []int64
	Strings []string
}

// ValueInfo declares a value's element type and shape.
type ValueInfo struct {
	Name   string
	Type   DataType
	Shaped bool // a shape was declared; Dims may still be empty: a scalar
	Dims   []Extent
}

// Extent is one declared extent: a number, or a name where it is dynamic. An
// extent with neither (Value below zero and no name) was left open.
type Extent struct {
	Value int64
	Param string
}

// Float declares a float32 value; a negative extent becomes the dynamic axis N.
func Float(name string, extents ...int) ValueInfo {
	return declare(name, TypeFloat, extents)
}

// Int64 declares an int64 value; a negative extent becomes the dynamic axis N.
func Int64(name string, extents ...int) ValueInfo {
	return declare(name, TypeInt64, extents)
}

func declare(name string, t DataType, extents []int) ValueInfo {
	v := ValueInfo{Name: name, Type: t, Shaped: true}
	for _, e := range extents {
		if e < 0 {
			v.Dims = append(v.Dims, Extent{Value: -1, Param: "N"})
			continue
		}
		v.Dims = append(v.Dims, Extent{Value: int64(e)})
	}
	return v
}

// FloatAttr returns a float attribute.
func FloatAttr(name string, f float32) Attribute {
	return Attribute{Name: name, Type: AttrFloat, F: f}
}

// IntAttr returns an integer attribute.
func IntAttr(name string, i int64) Attribute {
	return Attribute{Name: name, Type: AttrInt, I: i}
}

// IntsAttr returns an attribute listing integers.
func IntsAttr(name string, ints ...int64) Attribute {
	return Attribute{Name: name, Type: AttrInts, Ints: ints}
}

// StringAttr returns a text attribute.
func StringAttr(name, s string) Attribute {
	return Attribute{Name: name, Type: AttrString, S: s}
}

// TensorAttr returns a tensor attribute, such as the value of a Constant.
func TensorAttr(name string, t Tensor) Attribute {
	return Attribute{Name: name, Type: AttrTensor, T: &t}
}
