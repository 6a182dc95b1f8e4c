package accel

import (
	"fmt"
	"strings"
)

// Dim is one extent of a shape as a linear function of the number of rows in
// the batch: PerRow*rows + Fixed. A static extent has PerRow 0; the batch axis
// itself is {1, 0}; windowed attention makes extents such as {4, 0}.
type Dim struct{ PerRow, Fixed int }

// Fixed returns a static extent.
func Fixed(n int) Dim { return Dim{Fixed: n} }

// RowsDim returns the extent of a plain batch axis.
func RowsDim() Dim { return Dim{PerRow: 1} }

// At returns the extent for a batch of rows rows.
func (d Dim) At(rows int) int { return d.PerRow*rows + d.Fixed }

// Static reports whether the extent does not depend on the batch.
func (d Dim) Static() bool { return d.PerRow == 0 }

// String prints 64, N, 4N or 4N+1.
func (d Dim) String() string {
	if d.Static() {
		return fmt.Sprint(d.Fixed)
	}
	rows := "N"
	if d.PerRow != 1 {
		rows = fmt.Sprintf("%dN", d.PerRow)
	}
	if d.Fixed == 0 {
		return rows
	}
	return fmt.Sprintf("%s%+d", rows, d.Fixed)
}

// Shape lists the extents of a row-major tensor, outermost first.
type Shape []Dim

// StaticShape builds a shape that does not depend on the batch.
func StaticShape(extents ...int) Shape {
	s := make(Shape, len(extents))
	for i, n := range extents {
		s[i] = Fixed(n)
	}
	return s
}

// BatchShape builds [N, extents...].
func BatchShape(extents ...int) Shape {
	return append(Shape{RowsDim()}, StaticShape(extents...)...)
}

// At returns the concrete extents for a batch of rows rows.
func (s Shape) At(rows int) []int {
	out := make([]int, len(s))
	for i, d := range s {
		out[i] = d.At(rows)
	}
	return out
}

// Static reports whether no extent depends on the batch.
func (s Shape) Static() bool {
	for _, d := range s {
		if !d.Static() {
			return false
		}
	}
	return true
}

// Equal reports whether both shapes have the same extents for every row count.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// Elements returns the number of elements for a batch of rows rows.
func (s Shape) Elements(rows int) int { return Elements(s.At(rows)) }

// String prints [N 3 32 32].
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// MaxElements is the most elements of a tensor, on every device: kernels index them with
// an int32, and loops look a few thousand places beyond the end before they stop.
const MaxElements = 1<<31 - 1<<12

// Elements returns the product of extents; the empty shape is a scalar and has
// one. It returns -1 when an extent is negative or the product is more than MaxElements.
func Elements(extents []int) int {
	n := 1
	for _, e := range extents {
		if e < 0 || (e > 0 && n > MaxElements/e) {
			return -1
		}
		n *= e
	}
	return n
}
