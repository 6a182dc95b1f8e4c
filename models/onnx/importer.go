package onnx

import (
	"fmt"
	"strconv"

	"ttad/accel"
)

// importer turns a parsed file into a program.
type importer struct {
	model   *Model
	opset   int64
	ops     map[string]lowering
	forms   map[accel.BinaryFn]form
	values  map[string]*operand
	missing map[string]string // values no lowering gives, and why
	prog    *accel.Program
	names   map[string]int // of program values, to keep them distinct
	budget  int            // elements that folding may still visit
	fixed   int            // the batch extent the file was exported with; 0 when dynamic
}

// foldBudget bounds the elements visited while constants are folded, so that a
// small file cannot ask for much memory or time. Large files get more: their own
// weights pass through here, often more than once.
const foldBudget = 16 << 20

func newImporter(m *Model, opset int64, fileBytes int) *importer {
	return &importer{
		model: m, opset: opset, ops: operators(), forms: integerForms(),
		values: map[string]*operand{}, missing: map[string]string{}, names: map[string]int{},
		prog: &accel.Program{}, budget: foldBudget + 4*fileBytes,
	}
}

// run lowers the given nodes in order.
func (im *importer) run(nodes []int) error {
	for _, i := range nodes {
		n := &im.model.Graph.Nodes[i]
		if err := im.node(n); err != nil {
			return fmt.Errorf("node %q: op %s: %w", n.label(), n.OpType, err)
		}
	}
	return nil
}

func (im *importer) node(n *Node) error {
	c := &call{im: im, node: n}
	for _, name := range n.Inputs {
		o, err := im.lookup(name)
		if err != nil {
			return err
		}
		c.in = append(c.in, o)
	}
	results, err := im.ops[n.OpType](c)
	if err != nil {
		return err
	}
	for k, name := range n.Outputs {
		switch {
		case name == "":
		case k >= len(results):
			im.missing[name] = fmt.Sprintf("output %d of %s (node %q) is not supported", k, n.OpType, n.label())
		default:
			im.bind(name, results[k])
		}
	}
	return nil
}

func (im *importer) lookup(name string) (*operand, error) {
	if name == "" {
		return nil, nil
	}
	o, ok := im.values[name]
	if !ok {
		return nil, im.absent(name)
	}
	return o, nil
}

// absent explains why a value is not there.
func (im *importer) absent(name string) error {
	if why, ok := im.missing[name]; ok {
		return fmt.Errorf("value %q: %s", name, why)
	}
	return fmt.Errorf("value %q is not computed before it is read", name)
}

// bind gives a result its name in the file. The program value takes the name
// too, unless another node has named it: an Identity does not rename its operand.
func (im *importer) bind(name string, o *operand) {
	if o.id != accel.NoValue && !o.constant() && im.prog.Values[o.id].Name == "" {
		im.prog.Values[o.id].Name = im.unique(name)
	}
	if o.name == "" {
		o.name = name
	}
	im.values[name] = o
}

// unique keeps names of program values distinct. Values without a name get one
// when the program is complete.
func (im *importer) unique(name string) string {
	if name == "" {
		return ""
	}
	k := im.names[name]
	im.names[name]++
	if k == 0 {
		return name
	}
	return im.unique(name + "#" + strconv.Itoa(k))
}

// value adds a value to the program.
func (im *importer) value(v accel.Value) accel.ValueID {
	im.prog.Values = append(im.prog.Values, v)
	return accel.ValueID(len(im.prog.Values) - 1)
}

// place returns the program value of an operand; constants get theirs when the
// first step uses them.
func (im *importer) place(o *operand) (accel.ValueID, error) {
	if o == nil {
		return accel.NoValue, nil
	}
	if o.id != accel.NoValue {
		return o.id, nil
	}
	data, err := o.numbers()
	if err != nil {
		return accel.NoValue, err
	}
	o.id = im.value(accel.Value{Name: im.unique(o.name), Shape: o.shape, Const: data})
	return o.id, nil
}
