package onnx

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
)

// lowerScatterND writes into constants only: exporters use it to spell out masks
// that a model builds by assigning to slices. Writing into data is not an
// operator of classifiers.
func lowerScatterND(c *call) ([]*operand, error) {
	if err := c.need(3); err != nil {
		return nil, err
	}
	data, updates := c.in[0], c.in[2]
	if !data.constant() || !updates.constant() || (data.ints != nil) != (updates.ints != nil) {
		return nil, errors.New("only constants of one type may be written into constants")
	}
	if how := c.attrText("reduction", "none"); how != "none" {
		return nil, fmt.Errorf("reduction %q is not supported", how)
	}
	starts, size, err := c.scatterStarts(data.shape.At(1), updates.shape.At(1))
	if err != nil {
		return nil, err
	}
	if err := c.im.spend(data.shape, updates.shape); err != nil {
		return nil, err
	}
	if data.ints != nil {
		return []*operand{intConstant("", scatter(data.ints, updates.ints, starts, size), data.shape.At(1)...)}, nil
	}
	return []*operand{floatConstant("", scatter(data.floats, updates.floats, starts, size), data.shape.At(1)...)}, nil
}

// scatterStarts returns where each update begins in data, and its size. Indices
// [... k] name the first k axes of data, updates hold the others.
func (c *call) scatterStarts(data, updates []int) (starts []int, size int, err error) {
	indices, err := c.static(1)
	if err != nil {
		return nil, 0, err
	}
	extents := c.in[1].shape.At(1)
	if len(extents) == 0 || extents[len(extents)-1] > len(data) || extents[len(extents)-1] < 1 {
		return nil, 0, fmt.Errorf("indices %v into %v", extents, data)
	}
	k := extents[len(extents)-1]
	want := slices.Concat(extents[:len(extents)-1], data[k:])
	if !slices.Equal(want, updates) {
		return nil, 0, fmt.Errorf("updates %v, want %v", updates, want)
	}
	for ; len(indices) > 0; indices = indices[k:] {
		at := 0
		for axis, i := range indices[:k] {
			if i < 0 {
				i += int64(data[axis])
			}
			if i < 0 || i >= int64(data[axis]) {
				return nil, 0, fmt.Errorf("index %d is outside axis %d of %v", i, axis, data)
			}
			at = at*data[axis] + int(i)
		}
		starts = append(starts, at)
	}
	return starts, accel.Elements(data[k:]), nil
}

func scatter[T any](data, updates []T, starts []int, size int) []T {
	out := slices.Clone(data)
	for i, at := range starts {
		copy(out[at*size:(at+1)*size], updates[i*size:])
	}
	return out
}
