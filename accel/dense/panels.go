package dense

// Panels is a matrix as products read their right side: cut into panels of columns,
// each stored row after row, [panel][row][column of the panel]. The last panel is
// narrower, but of whole blocks; what fills it up is any number that no column
// outside the fill is computed from.
type Panels struct {
	Data          []float32
	Rows, Columns int

	width, lanes int // of all panels but the last; of a block
}

// Panels returns a matrix of that size in data, or in new memory where that does
// not suffice. The values are any.
func (m *Math) Panels(data []float32, rows, columns int) Panels {
	p := Panels{Rows: rows, Columns: columns, width: len(m.tiles) * m.Lanes, lanes: m.Lanes}
	if n := rows * p.Padded(); cap(data) < n {
		p.Data = make([]float32, n)
	} else {
		p.Data = data[:n]
	}
	return p
}

// Padded is the number of columns, the fill included.
func (p *Panels) Padded() int { return (p.Columns + p.lanes - 1) / p.lanes * p.lanes }

// Count is the number of panels.
func (p *Panels) Count() int { return (p.Columns + p.width - 1) / p.width }

// Panel returns panel i, row after row, and how wide it is.
func (p *Panels) Panel(i int) (values []float32, width int) {
	width = min(p.width, p.Padded()-i*p.width)
	return p.Data[i*p.width*p.Rows:][:p.Rows*width], width
}

// Alone returns panel i as a matrix of its own, in the same memory.
func (p *Panels) Alone(i int) Panels {
	values, width := p.Panel(i)
	columns := min(width, p.Columns-i*p.width)
	return Panels{Data: values, Rows: p.Rows, Columns: columns, width: p.width, lanes: p.lanes}
}

// Piece returns the part of a row that lies in panel i, without the fill; its first
// value is of column i*Width.
func (p *Panels) Piece(i, row int) []float32 {
	values, width := p.Panel(i)
	return values[row*width:][:min(width, p.Columns-i*p.width)]
}

// Column returns the values of a column, step apart.
func (p *Panels) Column(column int) (values []float32, step int) {
	panel, width := p.Panel(column / p.width)
	return panel[column%p.width:], width
}

// Width is the number of columns of every panel but the last.
func (p *Panels) Width() int { return p.width }

// At points to a value.
func (p *Panels) At(row, column int) *float32 {
	return &p.Piece(column/p.width, row)[column%p.width]
}

// upper is how many of a square matrix's rows panel i has down to the last that a
// column of its own crosses on the diagonal.
func (p *Panels) upper(i, rows int) int { return min((i+1)*p.width, rows) }

// Upper returns the rows of panel i of a square matrix that Mirror keeps.
func (p *Panels) Upper(i int) []float32 {
	values, width := p.Panel(i)
	return values[:p.upper(i, p.Rows)*width]
}

// Mirror makes a square matrix symmetric: what is not in a panel's Upper becomes
// what is across the diagonal.
func (m *Math) Mirror(p *Panels) {
	for i := range p.Count() {
		from, width := p.Panel(i)
		for above := range i {
			to, step := p.Panel(above)
			m.Transpose(to[i*p.width*step:], from[above*p.width*width:], p.width, min(width, p.Columns-i*p.width), step, width)
		}
	}
}

// Transposed fills p with the rows of x as its columns.
func (m *Math) Transposed(p *Panels, x Matrix) {
	if p.Rows != x.Columns || p.Columns != x.Rows {
		panic(sizes("transpose", x.Rows, x.Columns, p.Rows, p.Columns))
	}
	for i := range p.Count() {
		values, width := p.Panel(i)
		first := i * p.width
		rows := min(width, p.Columns-first)
		if rows < width {
			clear(values)
		}
		m.Transpose(values, x.Data[first*x.Step:], rows, x.Columns, width, x.Step)
	}
}
