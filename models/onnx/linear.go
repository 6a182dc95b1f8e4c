package onnx

import (
	"errors"
	"fmt"
	"math"

	"ttad/accel"
)

// Exporters write shapes as little integer programs: take the shape of x, pick
// the batch extent, multiply it by the number of windows, glue a -1 behind it.
// Every such integer is a linear function of the row count, so it is computed
// here, at import, as an accel.Dim. What cannot be written so is refused.

var errNotLinear = errors.New("is not a linear function of the number of rows")

// form is the outcome of arithmetic on linear forms.
type form func(a, b accel.Dim) (accel.Dim, error)

// bounded refuses sums and products near the limits of int64, where an exporter
// meant "to the end" and arithmetic would wrap around.
func bounded(perRow, fixed float64, d accel.Dim) (accel.Dim, error) {
	if math.Abs(perRow) > 1<<62 || math.Abs(fixed) > 1<<62 {
		return d, fmt.Errorf("integer overflow")
	}
	return d, nil
}

func addForms(a, b accel.Dim) (accel.Dim, error) {
	return bounded(float64(a.PerRow)+float64(b.PerRow), float64(a.Fixed)+float64(b.Fixed),
		accel.Dim{PerRow: a.PerRow + b.PerRow, Fixed: a.Fixed + b.Fixed})
}

func subForms(a, b accel.Dim) (accel.Dim, error) {
	return bounded(float64(a.PerRow)-float64(b.PerRow), float64(a.Fixed)-float64(b.Fixed),
		accel.Dim{PerRow: a.PerRow - b.PerRow, Fixed: a.Fixed - b.Fixed})
}

func mulForms(a, b accel.Dim) (accel.Dim, error) {
	if !a.Static() {
		a, b = b, a
	}
	if !a.Static() {
		return accel.Dim{}, fmt.Errorf("%v times %v %w", a, b, errNotLinear)
	}
	k := float64(a.Fixed)
	return bounded(k*float64(b.PerRow), k*float64(b.Fixed),
		accel.Dim{PerRow: a.Fixed * b.PerRow, Fixed: a.Fixed * b.Fixed})
}

// divForms rounds toward zero, as ONNX does for integers.
func divForms(a, b accel.Dim) (accel.Dim, error) {
	if k, ok := ratio(a, b); ok {
		return accel.Fixed(k), nil
	}
	c := b.Fixed
	switch {
	case !b.Static():
	case c == 0:
		return a, errors.New("integer division by zero")
	case a.Static():
		return accel.Fixed(a.Fixed / c), nil
	case a.PerRow%c == 0 && (a.Fixed%c == 0 || a.PerRow > 0 && a.Fixed > 0 && c > 0):
		return accel.Dim{PerRow: a.PerRow / c, Fixed: a.Fixed / c}, nil
	}
	return a, fmt.Errorf("%v over %v %w", a, b, errNotLinear)
}

// ratio returns k with a = k*b for every row count, where b depends on it.
func ratio(a, b accel.Dim) (int, bool) {
	if b.Static() || a.PerRow%b.PerRow != 0 {
		return 0, false
	}
	k := a.PerRow / b.PerRow
	return k, a == accel.Dim{PerRow: k * b.PerRow, Fixed: k * b.Fixed}
}

// modForms takes the sign of the divisor, as ONNX does without fmod.
func modForms(a, b accel.Dim) (accel.Dim, error) {
	if _, ok := ratio(a, b); ok {
		return accel.Fixed(0), nil
	}
	c := b.Fixed
	if !b.Static() || c == 0 || a.PerRow%c != 0 {
		return a, fmt.Errorf("%v modulo %v %w", a, b, errNotLinear)
	}
	r := a.Fixed % c
	if r != 0 && (r < 0) != (c < 0) {
		r += c
	}
	return accel.Fixed(r), nil
}

// less reports whether a is below b for every row count, or for none. Batches
// have one row or more.
func less(a, b accel.Dim) (bool, error) {
	d, err := subForms(b, a)
	switch {
	case err != nil:
		return false, err
	case d.PerRow >= 0 && d.At(1) > 0:
		return true, nil
	case d.PerRow <= 0 && d.At(1) <= 0:
		return false, nil
	}
	return false, fmt.Errorf("whether %v is below %v depends on the number of rows", a, b)
}

// equalForms reports whether a and b are equal for every row count, or for none.
func equalForms(a, b accel.Dim) (bool, error) {
	if a == b {
		return true, nil
	}
	d, err := subForms(a, b)
	if err != nil {
		return false, err
	}
	// The difference vanishes at N = -Fixed/PerRow; only a row count of 1 or
	// more would matter.
	if d.PerRow == 0 || d.Fixed%d.PerRow != 0 || -d.Fixed/d.PerRow < 1 {
		return false, nil
	}
	return false, fmt.Errorf("whether %v equals %v depends on the number of rows", a, b)
}

func truth(t bool) accel.Dim {
	if t {
		return accel.Fixed(1)
	}
	return accel.Fixed(0)
}

// integerForms lists the operators computed on linear forms.
func integerForms() map[accel.BinaryFn]form {
	lessThan := func(a, b accel.Dim) (accel.Dim, error) { t, err := less(a, b); return truth(t), err }
	atMost := func(a, b accel.Dim) (accel.Dim, error) { t, err := less(b, a); return truth(!t), err }
	swap := func(f form) form { return func(a, b accel.Dim) (accel.Dim, error) { return f(b, a) } }
	return map[accel.BinaryFn]form{
		accel.Add: addForms, accel.Sub: subForms, accel.Mul: mulForms, accel.Div: divForms, accel.Mod: modForms,
		accel.Less: lessThan, accel.Greater: swap(lessThan),
		accel.LessEqual: atMost, accel.GreaterEqual: swap(atMost),
		accel.Equal: func(a, b accel.Dim) (accel.Dim, error) { t, err := equalForms(a, b); return truth(t), err },
		accel.Min:   func(a, b accel.Dim) (accel.Dim, error) { return choose(a, b, false) },
		accel.Max:   func(a, b accel.Dim) (accel.Dim, error) { return choose(a, b, true) },
		accel.And:   func(a, b accel.Dim) (accel.Dim, error) { return truth(a != accel.Dim{} && b != accel.Dim{}), nil },
		accel.Or:    func(a, b accel.Dim) (accel.Dim, error) { return truth(a != accel.Dim{} || b != accel.Dim{}), nil },
	}
}

// choose returns the larger or the smaller of two forms.
func choose(a, b accel.Dim, larger bool) (accel.Dim, error) {
	below, err := less(a, b)
	if below == larger {
		return b, err
	}
	return a, err
}
