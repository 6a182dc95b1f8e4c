package onnx

import (
	"fmt"

	"ttad/accel"
)

func lowerConcat(c *call) ([]*operand, error) {
	if err := c.need(max(1, len(c.in))); err != nil {
		return nil, err
	}
	axis, err := axisOf(c.attrInt("axis", 0), len(c.in[0].shape))
	if err != nil {
		return nil, err
	}
	if len(c.in) == 1 {
		return c.in, nil
	}
	return c.one(accel.Concat{Axis: axis}, c.in...)
}

// lowerGather checks constant indices here, where the message can name the
// node; indices from the data are checked by the device.
func lowerGather(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	x := c.in[0]
	axis, err := axisOf(c.attrInt("axis", 0), len(x.shape))
	if err != nil {
		return nil, err
	}
	if c.in[1].ints != nil {
		indices, err := c.static(1)
		if err != nil {
			return nil, err
		}
		for _, i := range indices {
			if n := int64(x.shape[axis].At(1)); i >= n || i < -n {
				return nil, fmt.Errorf("index %d is outside axis %d of %v", i, axis, x.shape)
			}
		}
	}
	y, err := c.apply(accel.Gather{Axis: axis}, x, c.in[1])
	if err != nil || y.constant() {
		return single(y, err)
	}
	return []*operand{typed(y, x.integer)}, nil
}

func lowerDepthToSpace(c *call) ([]*operand, error) {
	n, ch, h, w, b, err := c.blocks()
	if err != nil {
		return nil, err
	}
	rest := accel.Fixed(ch.Fixed / (b * b))
	if ch.Fixed%(b*b) != 0 {
		return nil, fmt.Errorf("%v channels do not divide into blocks of %d by %d", ch, b, b)
	}
	split, perm := accel.Shape{n, accel.Fixed(b), accel.Fixed(b), rest, h, w}, []int{0, 3, 4, 1, 5, 2}
	if c.attrText("mode", "DCR") == "CRD" {
		split, perm = accel.Shape{n, rest, accel.Fixed(b), accel.Fixed(b), h, w}, []int{0, 1, 4, 2, 5, 3}
	}
	return single(c.shuffle(split, perm, accel.Shape{n, rest, accel.Fixed(h.Fixed * b), accel.Fixed(w.Fixed * b)}))
}

func lowerSpaceToDepth(c *call) ([]*operand, error) {
	n, ch, h, w, b, err := c.blocks()
	if err != nil {
		return nil, err
	}
	if h.Fixed%b != 0 || w.Fixed%b != 0 {
		return nil, fmt.Errorf("%v by %v positions do not divide into blocks of %d", h, w, b)
	}
	rows, columns := accel.Fixed(h.Fixed/b), accel.Fixed(w.Fixed/b)
	split := accel.Shape{n, ch, rows, accel.Fixed(b), columns, accel.Fixed(b)}
	return single(c.shuffle(split, []int{0, 3, 5, 1, 2, 4}, accel.Shape{n, accel.Fixed(ch.Fixed * b * b), rows, columns}))
}

// blocks reads the operand's extents and the block size.
func (c *call) blocks() (n, ch, h, w accel.Dim, b int, err error) {
	if err = c.need(1); err != nil {
		return n, ch, h, w, b, err
	}
	x, size := c.in[0].shape, c.attrInt("blocksize", 0)
	if len(x) != 4 || !x[1:].Static() || x[1:].Elements(1) < 0 || size < 1 || size > 1024 {
		return n, ch, h, w, b, fmt.Errorf("operand %v with blocks of %d", x, size)
	}
	return x[0], x[1], x[2], x[3], int(size), nil
}

// shuffle splits axes, permutes them and joins them again.
func (c *call) shuffle(split accel.Shape, perm []int, join accel.Shape) (*operand, error) {
	y, err := c.reshape(c.in[0], split)
	if err != nil {
		return nil, err
	}
	if y, err = c.transpose(y, perm); err != nil {
		return nil, err
	}
	return c.reshape(y, join)
}
