package onnx

import (
	"fmt"
	"slices"

	"ttad/accel"
)

// window holds the attributes Conv and the pools share, for two spatial axes.
type window struct {
	kernel, stride, dilation [2]int
	pad                      [4]int // top, left, bottom, right
}

// maxWindow bounds attribute values before they are computed with.
const maxWindow = 1 << 20

// window reads the attributes for an operand of the given spatial extents. A
// 1-D operand has height 1 here (see planar).
func (c *call) window(kernel []int64, spatial []accel.Dim, flat bool) (window, error) {
	w := window{}
	k, err := c.pair("kernel_shape", kernel, flat)
	if err != nil {
		return w, err
	}
	w.kernel = k
	if w.stride, err = c.pair("strides", c.attrInts("strides"), flat); err != nil {
		return w, err
	}
	if w.dilation, err = c.pair("dilations", c.attrInts("dilations"), flat); err != nil {
		return w, err
	}
	return w, c.padding(&w, spatial, flat)
}

// pair reads one number per spatial axis, 1 where the list is left out.
func (c *call) pair(name string, list []int64, flat bool) ([2]int, error) {
	if len(list) == 0 {
		return [2]int{1, 1}, nil
	}
	if flat {
		list = slices.Insert(slices.Clone(list), 0, 1)
	}
	if len(list) != 2 {
		return [2]int{}, fmt.Errorf("%s %v: want one number per spatial axis, one or two of them", name, list)
	}
	for _, v := range list {
		if v < 1 || v > maxWindow {
			return [2]int{}, fmt.Errorf("%s %v is out of range", name, list)
		}
	}
	return [2]int{int(list[0]), int(list[1])}, nil
}

// padding reads pads, or computes them where auto_pad asks for it.
func (c *call) padding(w *window, spatial []accel.Dim, flat bool) error {
	switch auto := c.attrText("auto_pad", "NOTSET"); auto {
	case "VALID":
		return nil
	case "SAME_UPPER", "SAME_LOWER":
		return w.same(spatial, auto == "SAME_LOWER")
	case "NOTSET", "":
		return c.explicitPads(w, flat)
	default:
		return fmt.Errorf("auto_pad %q is not known", auto)
	}
}

func (c *call) explicitPads(w *window, flat bool) error {
	pads := c.attrInts("pads")
	if len(pads) == 0 {
		return nil
	}
	if flat && len(pads) == 2 {
		pads = []int64{0, pads[0], 0, pads[1]}
	}
	if len(pads) != 4 {
		return fmt.Errorf("pads %v: want two numbers per spatial axis", pads)
	}
	for i, p := range pads {
		if p < 0 || p > maxWindow {
			return fmt.Errorf("pads %v are out of range", pads)
		}
		w.pad[i] = int(p)
	}
	return nil
}

// same pads so that the output has ceil(extent/stride) positions; the odd
// element goes to the end, or to the start for SAME_LOWER.
func (w *window) same(spatial []accel.Dim, lower bool) error {
	for i, d := range spatial {
		if !d.Static() {
			return fmt.Errorf("auto_pad needs fixed spatial extents, not %v", d)
		}
		positions := (d.Fixed + w.stride[i] - 1) / w.stride[i]
		total := max(0, (positions-1)*w.stride[i]+(w.kernel[i]-1)*w.dilation[i]+1-d.Fixed)
		before := total / 2
		if lower {
			before = total - before
		}
		w.pad[i], w.pad[i+2] = before, total-before
	}
	return nil
}

// planar gives a [N C L] operand the height 1 that devices want; flat tells that
// the result must lose it again.
func (c *call) planar(x *operand) (y *operand, flat bool, err error) {
	if len(x.shape) == 4 {
		return x, false, nil
	}
	if len(x.shape) != 3 {
		return nil, false, fmt.Errorf("operand %q %v has neither one nor two spatial axes", x.name, x.shape)
	}
	y, err = c.reshape(x, slices.Insert(slices.Clone(x.shape), 2, accel.Fixed(1)))
	return y, true, err
}

// unplanar drops the height planar added.
func (c *call) unplanar(y *operand, flat bool, err error) ([]*operand, error) {
	if err != nil || !flat {
		return single(y, err)
	}
	return single(c.reshape(y, slices.Delete(slices.Clone(y.shape), 2, 3)))
}
