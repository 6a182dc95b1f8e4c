package onnx

import (
	"fmt"

	"ttad/accel"
)

// call is a node with its operands resolved: what a lowering is given.
type call struct {
	im   *importer
	node *Node
	in   []*operand
}

// lowering turns one node into program steps, or into constants. Results are in
// the order of the node's outputs; trailing ones it cannot give are left off.
type lowering func(c *call) ([]*operand, error)

// label names a node in messages and listings; exporters may leave names out.
func (n *Node) label() string {
	if n.Name != "" || len(n.Outputs) == 0 {
		return n.Name
	}
	return n.Outputs[0]
}

// operand returns operand i, or nil when it is not given.
func (c *call) operand(i int) *operand {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

// need checks that the first n operands are given.
func (c *call) need(n int) error {
	for i := range n {
		if c.operand(i) == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	return nil
}

func (c *call) attr(name string) *Attribute {
	for i := range c.node.Attrs {
		if c.node.Attrs[i].Name == name {
			return &c.node.Attrs[i]
		}
	}
	return nil
}

func (c *call) attrInt(name string, byDefault int64) int64 {
	if a := c.attr(name); a != nil {
		return a.I
	}
	return byDefault
}

func (c *call) attrFloat(name string, byDefault float32) float32 {
	if a := c.attr(name); a != nil {
		return a.F
	}
	return byDefault
}

func (c *call) attrText(name, byDefault string) string {
	if a := c.attr(name); a != nil {
		return a.S
	}
	return byDefault
}

func (c *call) attrInts(name string) []int64 {
	if a := c.attr(name); a != nil {
		return a.Ints
	}
	return nil
}

// forms returns operand i as linear forms.
func (c *call) forms(i int) ([]accel.Dim, error) {
	o := c.operand(i)
	if o == nil {
		return nil, fmt.Errorf("operand %d is missing", i)
	}
	if o.ints == nil {
		return nil, fmt.Errorf("operand %d (%q) must be known when the model is loaded, but is computed from the data", i, o.name)
	}
	return o.ints, nil
}

// static returns operand i as integers that hold for every row count.
func (c *call) static(i int) ([]int64, error) {
	forms, err := c.forms(i)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(forms))
	for k, d := range forms {
		if !d.Static() {
			return nil, fmt.Errorf("operand %d (%q) is %v: it must not depend on the number of rows", i, c.in[i].name, d)
		}
		out[k] = int64(d.Fixed)
	}
	return out, nil
}

// axes returns the axes given as an attribute by older operator sets and as
// operand i by newer ones, made absolute; nil when given by neither.
func (c *call) axes(i, rank int) ([]int, error) {
	list := c.attrInts("axes")
	if c.operand(i) != nil {
		var err error
		if list, err = c.static(i); err != nil {
			return nil, err
		}
	}
	if len(list) > 64 {
		return nil, fmt.Errorf("%d axes", len(list))
	}
	var out []int
	for _, a := range list {
		axis, err := axisOf(a, rank)
		if err != nil {
			return nil, err
		}
		out = append(out, axis)
	}
	return out, nil
}

// values returns operand i as a float constant.
func (c *call) values(i int, what string) ([]float32, error) {
	o := c.operand(i)
	if o == nil || !o.constant() {
		return nil, fmt.Errorf("%s (operand %d) must be a constant of the file", what, i)
	}
	return o.numbers()
}
