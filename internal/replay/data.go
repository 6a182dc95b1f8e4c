package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ttad/internal/npyfile"
)

// Data is a recorded stream: rows by input name, their labels and the order in
// which they arrive.
type Data struct {
	inputs   map[string]npyfile.Array // "" is the only input of a model
	rows     int
	labels   []int // nil when unknown
	feedback []int // what learners are told, unheard for nothing; nil: the labels
	keys     []int // nil: every row has the same
	order    []int // row numbers in arrival order
}

// unheard stands in feedback for a row whose label never comes.
const unheard = -1

// Files names what Load reads.
type Files struct {
	Inputs   []string // X.npy or name=X.npy; several files of one name are joined
	Labels   []string // one file an input file; empty: no scores
	Feedback []string // what learners are told instead of Labels, -1 for nothing; one file an input file
	Keys     []string // whole numbers rows are grouped by; one file an input file
	Order    string   // row numbers in arrival order; empty: as they are
	Limit    int      // rows at most, 0 for all
}

// Load reads and checks the files against each other.
func Load(f Files) (*Data, error) {
	d := &Data{inputs: map[string]npyfile.Array{}}
	if err := d.readInputs(f.Inputs); err != nil {
		return nil, err
	}
	if err := d.readColumns(f); err != nil {
		return nil, err
	}
	if err := d.readOrder(f.Order); err != nil {
		return nil, err
	}
	if f.Limit < 0 {
		return nil, fmt.Errorf("a limit of %d rows; 0 is no limit", f.Limit)
	}
	if f.Limit > 0 && f.Limit < len(d.order) {
		d.order = d.order[:f.Limit]
	}
	if len(d.order) == 0 {
		return nil, fmt.Errorf("read %s: no rows", strings.Join(f.Inputs, ", "))
	}
	return d, nil
}

// Rows is the number of rows that will be replayed.
func (d *Data) Rows() int { return len(d.order) }

// Labelled reports whether there are labels to score by.
func (d *Data) Labelled() bool { return d.labels != nil }

// Label is the true class of a row, by its number in the data.
func (d *Data) Label(row int) int { return d.labels[row] }

func (d *Data) readInputs(files []string) error {
	if len(files) == 0 {
		return fmt.Errorf("no inputs given; name at least one .npy file")
	}
	parts := map[string][]part{}
	for _, f := range files {
		name, path, named := strings.Cut(f, "=")
		if !named {
			name, path = "", f
		}
		a, err := npyfile.Read(path)
		if err != nil {
			return err
		}
		parts[name] = append(parts[name], part{path, a})
	}
	for i, name := range slices.Sorted(maps.Keys(parts)) {
		a, err := join(parts[name])
		if err != nil {
			return err
		}
		if i > 0 && a.Shape[0] != d.rows {
			return fmt.Errorf("%s: %d rows for input %q, expected %d as the other inputs have", parts[name][0].path, a.Shape[0], name, d.rows)
		}
		d.rows, d.inputs[name] = a.Shape[0], a
	}
	return nil
}

// part is one of the files that make an input.
type part struct {
	path  string
	array npyfile.Array
}

// join puts arrays of one type and row shape behind each other.
func join(parts []part) (npyfile.Array, error) {
	first := parts[0].array
	if len(first.Shape) == 0 {
		return npyfile.Array{}, fmt.Errorf("%s: a single value, expected an array with one row an entry", parts[0].path)
	}
	if len(parts) == 1 {
		return first, nil
	}
	rows, raw := 0, []byte(nil)
	for _, p := range parts {
		a := p.array
		if a.DType != first.DType || len(a.Shape) != len(first.Shape) || !slices.Equal(a.Shape[1:], first.Shape[1:]) {
			return npyfile.Array{}, fmt.Errorf("%s: %s %v cannot follow %s %v of %s: files of one input have the same type and row shape",
				p.path, a.DType, a.Shape, first.DType, first.Shape, parts[0].path)
		}
		rows += a.Shape[0]
		raw = append(raw, a.Raw...)
	}
	return npyfile.New(first.DType, append([]int{rows}, first.Shape[1:]...), raw)
}

// readColumns reads what there is one whole number a row of.
func (d *Data) readColumns(f Files) (err error) {
	if d.labels, err = d.readColumn(f.Labels, "labels", "one class index a row"); err != nil {
		return err
	}
	if d.feedback, err = d.readColumn(f.Feedback, "feedback", "one class index a row, or -1"); err != nil {
		return err
	}
	d.keys, err = d.readColumn(f.Keys, "keys", "one whole number a row")
	return err
}

func (d *Data) readColumn(files []string, what, expected string) ([]int, error) {
	if len(files) == 0 {
		return nil, nil
	}
	var column []int
	for _, f := range files {
		values, err := readInts(f, expected)
		if err != nil {
			return nil, err
		}
		column = append(column, values...)
	}
	if len(column) != d.rows {
		return nil, fmt.Errorf("%s: %d %s, expected %d, one a row of the inputs: give one %s file an inputs file", strings.Join(files, ", "), len(column), what, d.rows, what)
	}
	return column, nil
}

func (d *Data) readOrder(file string) error {
	if file == "" {
		d.order = make([]int, d.rows)
		for i := range d.order {
			d.order[i] = i
		}
		return nil
	}
	order, err := readInts(file, "one row number an arrival")
	if err != nil {
		return err
	}
	for i, row := range order {
		if row < 0 || row >= d.rows {
			return fmt.Errorf("%s: entry %d is row %d, the inputs have rows 0 to %d", file, i, row, d.rows-1)
		}
	}
	d.order = order
	return nil
}

func readInts(file, expected string) ([]int, error) {
	a, err := npyfile.Read(file)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 1 {
		return nil, fmt.Errorf("%s: shape %v, expected %s in one dimension", file, a.Shape, expected)
	}
	ints, err := a.Ints()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return ints, nil
}

// gather copies rows behind each other, reusing into's memory.
func (d *Data) gather(rows []int, into map[string]npyfile.Array) error {
	for name, a := range d.inputs {
		size := len(a.Raw) / d.rows
		raw := into[name].Raw[:0]
		for _, row := range rows {
			raw = append(raw, a.Raw[row*size:(row+1)*size]...)
		}
		b, err := npyfile.New(a.DType, append([]int{len(rows)}, a.Shape[1:]...), raw)
		if err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
		into[name] = b
	}
	return nil
}
