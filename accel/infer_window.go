package accel

import "fmt"

// window is how Conv and Pool slide along one axis.
type window struct{ kernel, stride, dilation, before, after int }

// span is the number of input positions from the first tap to the last.
func (w window) span() int { return (w.kernel-1)*w.dilation + 1 }

func (w window) check() error {
	switch {
	case w.kernel < 1 || w.stride < 1 || w.dilation < 1:
		return fmt.Errorf("kernel %d, stride %d, dilation %d: each must be 1 or more", w.kernel, w.stride, w.dilation)
	case w.before < 0 || w.after < 0:
		return fmt.Errorf("padding %d before, %d after: must not be negative", w.before, w.after)
	case max(w.kernel, w.stride, w.dilation, w.before, w.after) > maxExtent:
		return fmt.Errorf("window %+v is out of range", w)
	}
	return nil
}

// positions returns how many windows fit on an axis. With ceil, a last window
// that hangs over the end counts too, unless it would start in the padding
// after the end, where it sees nothing.
func (w window) positions(extent Dim, ceil bool) (Dim, error) {
	if err := w.check(); err != nil {
		return Dim{}, err
	}
	if !extent.Static() {
		return Dim{}, fmt.Errorf("extent %v depends on the number of rows", extent)
	}
	room := extent.Fixed + w.before + w.after - w.span()
	if extent.Fixed < 1 || room < 0 {
		return Dim{}, fmt.Errorf("window of %d does not fit extent %d padded by %d and %d",
			w.span(), extent.Fixed, w.before, w.after)
	}
	n := room/w.stride + 1
	if ceil {
		n = (room+w.stride-1)/w.stride + 1
		if (n-1)*w.stride >= extent.Fixed+w.before {
			n--
		}
	}
	return Fixed(n), nil
}

// windows lists the windows of the row axis and the column axis.
func windows(kernel, stride, dilation [2]int, pad [4]int) [2]window {
	return [2]window{
		{kernel[0], stride[0], dilation[0], pad[0], pad[2]},
		{kernel[1], stride[1], dilation[1], pad[1], pad[3]},
	}
}

func slide(x Shape, w [2]window, ceil bool) (h, wd Dim, err error) {
	if h, err = w[0].positions(x[2], ceil); err != nil {
		return h, wd, fmt.Errorf("rows of x %v: %w", x, err)
	}
	if wd, err = w[1].positions(x[3], ceil); err != nil {
		return h, wd, fmt.Errorf("columns of x %v: %w", x, err)
	}
	return h, wd, nil
}

// Infer returns [N M H' W'].
func (c Conv) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 2, 3); err != nil {
		return nil, err
	}
	x, w := in[0], in[1]
	if err := c.channels(x, w); err != nil {
		return nil, err
	}
	if b := optional(in, 2); b != nil {
		if err := vectorOf("b", b, w[0]); err != nil {
			return nil, err
		}
	}
	kernel := [2]int{w[2].Fixed, w[3].Fixed}
	h, wd, err := slide(x, windows(kernel, c.Stride, c.Dilation, c.Pad), false)
	if err != nil {
		return nil, err
	}
	return one(Shape{x[0], w[0], h, wd})
}

func (c Conv) channels(x, w Shape) error {
	switch {
	case len(x) != 4:
		return fmt.Errorf("x %v is not [N C H W]", x)
	case len(w) != 4 || !w.Static():
		return fmt.Errorf("w %v is not a fixed [M C/groups KH KW]", w)
	case c.Groups < 1 || w[0].Fixed < 1 || w[0].Fixed%c.Groups != 0:
		return fmt.Errorf("%v output channels do not divide into %d groups", w[0], c.Groups)
	case !x[1].Static() || x[1].Fixed%c.Groups != 0 || x[1].Fixed/c.Groups != w[1].Fixed || w[1].Fixed < 1:
		return fmt.Errorf("x %v has %v channels, w %v with %d groups wants %d", x, x[1], w, c.Groups, w[1].Fixed*c.Groups)
	}
	return nil
}

// Infer returns [N C H' W'].
func (p Pool) Infer(in []Shape) ([]Shape, error) {
	if err := operands(in, 1, 1); err != nil {
		return nil, err
	}
	if p.Fn != PoolMax && p.Fn != PoolAverage {
		return nil, fmt.Errorf("no pooling function is called %q", p.Fn)
	}
	x := in[0]
	if len(x) != 4 {
		return nil, fmt.Errorf("x %v is not [N C H W]", x)
	}
	h, w, err := slide(x, windows(p.Kernel, p.Stride, p.Dilation, p.Pad), p.Ceil)
	if err != nil {
		return nil, err
	}
	return one(Shape{x[0], x[1], h, w})
}
