package dense

import (
	"fmt"
	"math"
)

// Product is what Multiply computes: the product of two matrices, with a term for
// each column and one for each row added, and held below a bound.
type Product struct {
	Left  Matrix
	Right *Panels
	// Value (i, j) goes to Out[j/Right.Width()*PanelStep + i*Step + j%Right.Width()].
	// The fill of the last panel is written, too.
	Out             []float32
	Step, PanelStep int

	ColumnTerms []float32 // [Right.Padded()]; empty for none
	RowTerms    []float32 // [Left.Rows][Lanes], each term repeated; empty for none
	NotAbove0   bool
	// Symmetric says that the result is, because the columns of Right are the rows of
	// Left: one half is computed and the other copied. It needs IntoPanels.
	Symmetric bool
}

// depthRun is the rows of the right side that are multiplied before the next ones:
// 32 columns of them stay in the first-level cache. A sum is added up run by run,
// which also keeps long ones exact.
const depthRun = 256

// Into makes a product write row after row.
func (p *Product) Into(x Matrix) {
	p.Out, p.Step, p.PanelStep = x.Data, x.Step, p.Right.width
}

// IntoPanels makes a product write the right side of another.
func (p *Product) IntoPanels(x *Panels) {
	p.Out, p.Step, p.PanelStep = x.Data, 0, x.width*x.Rows
}

// Multiply computes p. Every value is summed up in the same order, so equal rows
// and columns give equal bits wherever they are; the result does not overlap the
// operands.
func (m *Math) Multiply(p *Product) {
	if p.Left.Columns != p.Right.Rows {
		panic(sizes("multiply", p.Left.Rows, p.Left.Columns, p.Right.Rows, p.Right.Columns))
	}
	depth := p.Left.Columns
	for from := 0; from < depth; from += depthRun {
		for i := range p.Right.Count() {
			m.panel(p, i, from, min(from+depthRun, depth))
		}
	}
	if p.Symmetric {
		m.Mirror(&Panels{Data: p.Out, Rows: p.Left.Rows, Columns: p.Right.Columns, width: p.Right.width, lanes: p.Right.lanes})
	}
}

// panel adds the products of depths [from, to) to what belongs to panel i.
func (m *Math) panel(p *Product, i, from, to int) {
	weights, width := p.Right.Panel(i)
	c := &m.call
	c.Taps, c.Depth, c.InputStep = m.origin[:], to-from, p.Left.Step
	c.Weights = weights[from*width : to*width]
	c.OutputStep, c.OutputBlock = p.Step, m.Lanes
	if p.Step == 0 {
		c.OutputStep = width
	}
	c.Accumulate = from > 0
	c.Bias, c.Residual, c.Clip = nil, nil, false
	last, rows := to == p.Left.Columns, p.Left.Rows
	if p.Symmetric {
		rows = p.Right.upper(i, rows)
	}
	if last && len(p.ColumnTerms) > 0 {
		c.Bias = p.ColumnTerms[i*p.Right.width:][:width]
	}
	if last && p.NotAbove0 {
		c.Clip, c.Low, c.High = true, float32(math.Inf(-1)), 0
	}
	m.rows(p, p.Out[i*p.PanelStep:], rows, from, width/m.Lanes, last)
}

// rows goes down the left side of a panel.
func (m *Math) rows(p *Product, out []float32, rows, from, blocks int, last bool) {
	c := &m.call
	for row := 0; row < rows; {
		k := m.tile(blocks, rows-row)
		c.Input, c.Output = p.Left.Data[row*p.Left.Step+from:], out[row*c.OutputStep:]
		if last && len(p.RowTerms) > 0 {
			c.Residual, c.ResidualStep, c.ResidualBlock = p.RowTerms[row*m.Lanes:], m.Lanes, 0
		}
		k.Run(c)
		row += k.Pixels
	}
	c.Input, c.Output, c.Weights, c.Bias, c.Residual = nil, nil, nil, nil, nil
}

func sizes(what string, rows, columns, rows2, columns2 int) string {
	return fmt.Sprintf("dense: %s [%d %d] and [%d %d]: the sizes do not fit", what, rows, columns, rows2, columns2)
}
