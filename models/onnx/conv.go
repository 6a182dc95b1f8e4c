package onnx

import (
	"errors"
	"fmt"

	"ttad/accel"
)

func lowerConv(c *call) ([]*operand, error) {
	if err := c.need(2); err != nil {
		return nil, err
	}
	x, flat, err := c.planar(c.in[0])
	if err != nil {
		return nil, err
	}
	w, _, err := c.planar(c.in[1])
	if err != nil {
		return nil, fmt.Errorf("weight: %w", err)
	}
	if !w.shape.Static() {
		return nil, errors.New("weight: its shape depends on the number of rows")
	}
	op, err := c.convOp(x, w, flat)
	if err != nil {
		return nil, err
	}
	y, err := c.apply(op, x, w, c.operand(2))
	return c.unplanar(y, flat, err)
}

// convOp reads the attributes; the kernel's size is the weight's.
func (c *call) convOp(x, w *operand, flat bool) (accel.Conv, error) {
	kernel := []int64{int64(w.shape[2].Fixed), int64(w.shape[3].Fixed)}
	if flat {
		kernel = kernel[1:]
	}
	win, err := c.window(kernel, x.shape[2:], flat)
	if err != nil {
		return accel.Conv{}, err
	}
	groups := c.attrInt("group", 1)
	if groups < 1 || groups > maxWindow {
		return accel.Conv{}, fmt.Errorf("group %d is out of range", groups)
	}
	return accel.Conv{Stride: win.stride, Dilation: win.dilation, Pad: win.pad, Groups: int(groups)}, nil
}

func lowerPool(fn accel.PoolFn) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(1); err != nil {
			return nil, err
		}
		x, flat, err := c.planar(c.in[0])
		if err != nil {
			return nil, err
		}
		w, err := c.window(c.attrInts("kernel_shape"), x.shape[2:], flat)
		if err != nil {
			return nil, err
		}
		y, err := c.apply(accel.Pool{
			Fn: fn, Kernel: w.kernel, Stride: w.stride, Dilation: w.dilation, Pad: w.pad,
			Ceil:         c.attrInt("ceil_mode", 0) != 0,
			CountPadding: c.attrInt("count_include_pad", 0) != 0,
		}, x)
		return c.unplanar(y, flat, err)
	}
}

// lowerGlobalPool folds all spatial axes to extent 1.
func lowerGlobalPool(fn accel.ReduceFn) lowering {
	return func(c *call) ([]*operand, error) {
		if err := c.need(1); err != nil {
			return nil, err
		}
		var axes []int
		for axis := 2; axis < len(c.in[0].shape); axis++ {
			axes = append(axes, axis)
		}
		return c.one(accel.Reduce{Fn: fn, Axes: axes, KeepDims: true}, c.in[0])
	}
}
