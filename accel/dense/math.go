package dense

import (
	"fmt"

	"ttad/accel/cpu/kernel"
	"ttad/accel/cpu/vector"
)

// Math is the arithmetic of one instruction set. It has one owner, for it keeps the
// arguments of a call, which would otherwise be allocated each time.
type Math struct {
	vector.Family
	tiles  [][]kernel.Kernel // by blocks less one; those with most rows first
	call   kernel.Call
	origin [1]int // the one tap of a product
}

// New returns the arithmetic of the instruction set of that name, as
// accel/cpu.Config.ISA has them; "" and auto are the fastest this processor can
// run. The error lists those it can.
func New(isa string) (*Math, error) {
	if isa == "" {
		isa = "auto"
	}
	kernels, err := kernel.New(isa)
	if err != nil {
		return nil, fmt.Errorf("arithmetic: %w", err)
	}
	vectors, err := vector.New(isa)
	if err != nil {
		return nil, fmt.Errorf("arithmetic: %w", err)
	}
	m := &Math{Family: vectors}
	for blocks := 1; blocks <= kernels.MaxBlocks(); blocks++ {
		m.tiles = append(m.tiles, kernels.Kernels(blocks))
	}
	return m, nil
}

// Auto returns the fastest arithmetic this processor can run, which there always is.
func Auto() *Math {
	m, err := New("auto")
	if err != nil {
		panic(err)
	}
	return m
}

// tile is the largest tile that many blocks wide for the rows that are left.
func (m *Math) tile(blocks, rows int) *kernel.Kernel {
	tiles := m.tiles[blocks-1]
	for i := range tiles {
		if tiles[i].Pixels <= rows {
			return &tiles[i]
		}
	}
	panic("dense: a family without a tile of one row")
}

// Matrix is Rows rows of Columns values, Step floats from row to row.
type Matrix struct {
	Data          []float32
	Rows, Columns int
	Step          int
}

// Row returns row i.
func (x Matrix) Row(i int) []float32 { return x.Data[i*x.Step:][:x.Columns] }

// Slice returns rows [from, to), in the same memory.
func (x Matrix) Slice(from, to int) Matrix {
	x.Data, x.Rows = x.Data[from*x.Step:to*x.Step], to-from
	return x
}

// Padded returns the matrix of that size in data, or in new memory where that does
// not suffice, with rows so far apart that products read and write them at full
// speed: whole blocks, and no two rows a multiple of 4096 bytes apart, which would
// compete for one place in the first-level cache. The values are any.
func (m *Math) Padded(data []float32, rows, columns int) Matrix {
	const line, page = 16, 1024 // floats
	step := (columns + line - 1) / line * line
	if step%(page/4) == 0 {
		step += line
	}
	if cap(data) < rows*step {
		data = make([]float32, rows*step)
	}
	return Matrix{Data: data[:rows*step], Rows: rows, Columns: columns, Step: step}
}
