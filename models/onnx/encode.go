package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode writes a model as an ONNX file. Parse(Encode(m)) gives m again, except
// that empty lists become nil. Attributes of type AttrGraph are written without
// their graph, since Parse does not keep it.
func Encode(m *Model) []byte {
	var b []byte
	b = putInt(b, 1, m.IRVersion)
	b = putText(b, 2, m.Producer)
	b = putText(b, 3, m.ProducerVersion)
	b = putMessage(b, 7, m.Graph.encode())
	for _, o := range m.Opsets {
		b = putMessage(b, 8, putInt(putText(nil, 1, o.Domain), 2, o.Version))
	}
	return b
}

func (g *Graph) encode() []byte {
	var b []byte
	for i := range g.Nodes {
		b = putMessage(b, 1, g.Nodes[i].encode())
	}
	b = putText(b, 2, g.Name)
	for i := range g.Initializers {
		b = putMessage(b, 5, g.Initializers[i].encode())
	}
	for _, list := range []struct {
		num    protowire.Number
		values []ValueInfo
	}{{11, g.Inputs}, {12, g.Outputs}, {13, g.Values}} {
		for i := range list.values {
			b = putMessage(b, list.num, list.values[i].encode())
		}
	}
	return b
}

func (n *Node) encode() []byte {
	var b []byte
	for _, name := range n.Inputs {
		b = putMessage(b, 1, []byte(name)) // an empty name is an operand left out, so it is written
	}
	for _, name := range n.Outputs {
		b = putMessage(b, 2, []byte(name))
	}
	b = putText(b, 3, n.Name)
	b = putText(b, 4, n.OpType)
	for i := range n.Attrs {
		b = putMessage(b, 5, n.Attrs[i].encode())
	}
	return putText(b, 7, n.Domain)
}

func (a *Attribute) encode() []byte {
	b := putText(nil, 1, a.Name)
	switch a.Type {
	case AttrFloat:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(a.F))
	case AttrInt:
		b = protowire.AppendTag(b, 3, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(a.I))
	case AttrString:
		b = putMessage(b, 4, []byte(a.S))
	case AttrTensor:
		b = putMessage(b, 5, a.T.encode())
	case AttrFloats:
		b = putFloats(b, 7, a.Floats)
	case AttrInts:
		b = putVarints(b, 8, a.Ints)
	case AttrStrings:
		for _, s := range a.Strings {
			b = putMessage(b, 9, []byte(s))
		}
	}
	return putInt(b, 20, int64(a.Type))
}

func (t *Tensor) encode() []byte {
	b := putVarints(nil, 1, t.Dims)
	b = putInt(b, 2, int64(t.Type))
	b = putFloats(b, 4, t.Floats)
	b = putVarints(b, 5, t.Int32s)
	b = putVarints(b, 7, t.Int64s)
	b = putText(b, 8, t.Name)
	if len(t.Raw) > 0 {
		b = putMessage(b, 9, t.Raw)
	}
	b = putDoubles(b, 10, t.Doubles)
	b = putVarints(b, 11, t.Uint64s)
	if t.External {
		b = putInt(b, 14, 1)
	}
	return b
}

func (v *ValueInfo) encode() []byte {
	var shape []byte
	for _, e := range v.Dims {
		var dim []byte
		if e.Value >= 0 {
			dim = protowire.AppendVarint(protowire.AppendTag(dim, 1, protowire.VarintType), uint64(e.Value))
		}
		shape = putMessage(shape, 1, putText(dim, 2, e.Param))
	}
	tensor := putInt(nil, 1, int64(v.Type))
	if v.Shaped {
		tensor = putMessage(tensor, 2, shape)
	}
	return putMessage(putText(nil, 1, v.Name), 2, putMessage(nil, 1, tensor))
}
