package onnx

import (
	"errors"
	"fmt"
	"strings"

	"ttad/accel"
)

// inputShape reads an input's declared shape. Its first axis is the batch: a
// dynamic extent, or a fixed one that is made dynamic (see resymbolized). All
// other axes must be fixed.
func (im *importer) inputShape(v ValueInfo) (accel.Shape, error) {
	switch {
	case !v.Type.known():
		return nil, fmt.Errorf("element %s is not supported", v.Type)
	case !v.Shaped || len(v.Dims) == 0:
		return nil, errors.New("no batch axis is declared")
	}
	shape := accel.Shape{accel.RowsDim()}
	for axis, e := range v.Dims[1:] {
		if e.Value < 1 || e.Value > maxRowElements {
			return nil, fmt.Errorf("axis %d (%s) has no fixed extent: only the batch axis may be dynamic. %s", axis+1, e.Param, dynamicAxesAdvice(im.model))
		}
		shape = append(shape, accel.Fixed(int(e.Value)))
	}
	if n := shape.Elements(1); n < 0 || n > maxRowElements {
		return nil, fmt.Errorf("shape %v is too large", shape)
	}
	return shape, im.batchExtent(v.Dims[0])
}

// batchExtent notes a fixed batch extent; inputs must agree on it.
func (im *importer) batchExtent(e Extent) error {
	if e.Value < 1 {
		return nil
	}
	if e.Value > maxRowElements || im.fixed != 0 && im.fixed != int(e.Value) {
		return fmt.Errorf("first axis is %d, another input's is %d: no common batch axis. %s", e.Value, im.fixed, dynamicAxesAdvice(im.model))
	}
	im.fixed = int(e.Value)
	return nil
}

// dynamicAxesAdvice is the export call that makes the batch axis dynamic.
func dynamicAxesAdvice(m *Model) string {
	constants := map[string]bool{}
	for i := range m.Graph.Initializers {
		constants[m.Graph.Initializers[i].Name] = true
	}
	var axes []string
	for _, v := range m.Graph.Inputs {
		if !constants[v.Name] && len(axes) < 8 {
			axes = append(axes, fmt.Sprintf("'%s': {0: 'N'}", v.Name))
		}
	}
	return fmt.Sprintf("Export the model with a dynamic batch axis: torch.onnx.export(..., dynamic_axes={%s})", strings.Join(axes, ", "))
}

// explainFixedBatch adds the likely reason to what went wrong in a file whose
// batch extent is a number.
func (im *importer) explainFixedBatch(err error) error {
	if im.fixed == 0 {
		return err
	}
	return fmt.Errorf("%w. The file was exported for batches of exactly %d: %s", err, im.fixed, dynamicAxesAdvice(im.model))
}

// resymbolized checks a file exported with a fixed batch extent, whose first
// axes were read as N. That is right when every node still fitted (checked while
// lowering), no extent but the first of a value became dependent on N, and every
// shape the exporter wrote down is what N at the exported extent gives.
func (im *importer) resymbolized() error {
	if im.fixed == 0 {
		return nil
	}
	for _, v := range im.prog.Values {
		if len(v.Shape) > 1 && !v.Shape[1:].Static() {
			return fmt.Errorf("value %q: the batch moves into another axis of %v", v.Name, v.Shape)
		}
	}
	for _, list := range [][]ValueInfo{im.model.Graph.Values, im.model.Graph.Outputs} {
		for _, v := range list {
			if o := im.values[v.Name]; o != nil && !declaredAs(v, o.shape.At(im.fixed)) {
				return fmt.Errorf("value %q: shape %v differs from the one the exporter wrote", v.Name, o.shape)
			}
		}
	}
	return nil
}

func declaredAs(v ValueInfo, extents []int) bool {
	if !v.Shaped {
		return true
	}
	if len(v.Dims) != len(extents) {
		return false
	}
	for i, e := range v.Dims {
		if e.Value >= 0 && e.Value != int64(extents[i]) {
			return false
		}
	}
	return true
}
