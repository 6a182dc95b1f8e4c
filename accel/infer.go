package accel

import "fmt"

// An absent optional operand is a nil Shape, or is left off at the end. A
// scalar has an empty shape; no operator here treats the two differently.

// operands checks the number of operands and that each shape is a possible one.
func operands(in []Shape, least, most int) error {
	if len(in) < least || len(in) > most {
		if least == most {
			return fmt.Errorf("%d operands given, want %d", len(in), least)
		}
		return fmt.Errorf("%d operands given, want %d to %d", len(in), least, most)
	}
	for i, s := range in {
		for axis, d := range s {
			if !d.usable() {
				return fmt.Errorf("operand %d %v: extent %v of axis %d is out of range", i, s, d, axis)
			}
		}
	}
	return nil
}

// optional returns operand i or nil.
func optional(in []Shape, i int) Shape {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// one wraps the only result and refuses extents no batch could have.
func one(s Shape) ([]Shape, error) {
	for axis, d := range s {
		if !d.usable() {
			return nil, fmt.Errorf("result %v: extent %v of axis %d is out of range", s, d, axis)
		}
	}
	return []Shape{s}, nil
}

func axisInRange(axis int, s Shape) error {
	if axis < 0 || axis >= len(s) {
		return fmt.Errorf("axis %d is outside x %v", axis, s)
	}
	return nil
}

// vectorOf checks that an operand holds one value per channel.
func vectorOf(what string, s Shape, n Dim) error {
	if len(s) != 1 || s[0] != n {
		return fmt.Errorf("%s %v does not hold one value per channel, want [%v]", what, s, n)
	}
	return nil
}

// Broadcast returns the shape both operands stretch to under NumPy's rule:
// shapes are aligned at their last axis and an extent of 1 repeats. Extents
// that agree for some row counts only do not fit.
func Broadcast(a, b Shape) (Shape, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := append(Shape{}, a...)
	skip := len(a) - len(b)
	for i, d := range b {
		switch e := out[skip+i]; {
		case e == d || d == Fixed(1):
		case e == Fixed(1):
			out[skip+i] = d
		default:
			return nil, fmt.Errorf("%v and %v do not broadcast: %v against %v", a, b, e, d)
		}
	}
	return out, nil
}

// broadcastTo checks that s stretches to exactly the shape to.
func broadcastTo(s, to Shape) error {
	got, err := Broadcast(s, to)
	if err != nil {
		return err
	}
	if !got.Equal(to) {
		return fmt.Errorf("%v does not broadcast to %v", s, to)
	}
	return nil
}
