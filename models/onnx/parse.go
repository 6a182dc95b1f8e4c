package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrNotONNX is wrapped when bytes are not an ONNX file at all.
var ErrNotONNX = errors.New("not an ONNX file")

// Parse reads an ONNX file. Nothing is copied that can alias data: raw weights
// do, so data must stay unchanged while the model is in use. Bytes that are no
// well-formed message, or have no graph, are an error; what the graph means is
// Import's business.
func Parse(data []byte) (*Model, error) {
	m := &Model{}
	graphs := 0
	err := scan(data, func(f field) error {
		if f.num == 7 {
			graphs++
		}
		return m.field(f)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotONNX, err)
	}
	if graphs != 1 {
		return nil, fmt.Errorf("%w: %d graphs in %d bytes, want one", ErrNotONNX, graphs, len(data))
	}
	return m, nil
}

func (m *Model) field(f field) error {
	switch f.num {
	case 1:
		return f.int(&m.IRVersion)
	case 2:
		return f.text(&m.Producer)
	case 3:
		return f.text(&m.ProducerVersion)
	case 7:
		return f.message(m.Graph.parse)
	case 8:
		return repeated(f, "opset", &m.Opsets, (*Opset).parse)
	}
	return nil
}

// repeated appends one element of a repeated message field.
func repeated[T any](f field, what string, dst *[]T, parse func(*T, []byte) error) error {
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	var v T
	if err := parse(&v, f.data); err != nil {
		return fmt.Errorf("%s %d: %w", what, len(*dst), err)
	}
	*dst = append(*dst, v)
	return nil
}

func (o *Opset) parse(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			return f.text(&o.Domain)
		case 2:
			return f.int(&o.Version)
		}
		return nil
	})
}

func (g *Graph) parse(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			return repeated(f, "node", &g.Nodes, (*Node).parse)
		case 2:
			return f.text(&g.Name)
		case 5:
			return repeated(f, "initializer", &g.Initializers, (*Tensor).parse)
		case 11:
			return repeated(f, "input", &g.Inputs, (*ValueInfo).parse)
		case 12:
			return repeated(f, "output", &g.Outputs, (*ValueInfo).parse)
		case 13:
			return repeated(f, "value", &g.Values, (*ValueInfo).parse)
		case 15:
			return errors.New("sparse initializers are not supported")
		}
		return nil
	})
}

func (n *Node) parse(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1, 2:
			var name string
			if err := f.text(&name); err != nil {
				return err
			}
			if f.num == 1 {
				n.Inputs = append(n.Inputs, name)
			} else {
				n.Outputs = append(n.Outputs, name)
			}
		case 3:
			return f.text(&n.Name)
		case 4:
			return f.text(&n.OpType)
		case 5:
			return repeated(f, "attribute", &n.Attrs, (*Attribute).parse)
		case 7:
			return f.text(&n.Domain)
		}
		return nil
	})
}
