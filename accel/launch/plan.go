package launch

import (
	"fmt"
	"slices"

	"ttad/accel"
)

// plan is a program in one form: the nodes that are launched, in order, whatever the
// number of rows. It does not change once made.
type plan struct {
	form    form
	program *accel.Program // as given, with the values that planning added
	nodes   []*node
	root    []accel.ValueID // the value whose memory each value shares; itself, mostly
	free    []int           // steps of the program nothing is launched for
	layout  layout          // for batches of maxRows rows
	tables  int             // numbers of them then
	faults  int             // and faults
}

func newPlan(p *accel.Program, f form) *plan {
	b := newPlanner(p)
	b.shareMemory()
	b.foldBiases()
	if f == forSource {
		b.dropVirtual()
		b.foldNorms()
	}
	b.fuseTails()
	return &plan{form: f, program: b.p, nodes: b.nodes, root: b.root, free: b.free}
}

// name is a node's in the model.
func (p *plan) name(node int) string { return p.program.Steps[p.nodes[node].step].Name }

// describe is how errors name a node.
func (p *plan) describe(node int) string {
	n := p.nodes[node]
	return fmt.Sprintf("node %q: op %s", p.program.Steps[n.step].Name, n.op.Kind())
}

// planner holds a plan in the making.
type planner struct {
	p     *accel.Program // a copy, whose values may grow
	nodes []*node
	uses  []int // how often each value is read, outputs included
	root  []accel.ValueID
	free  []int
}

func newPlanner(p *accel.Program) *planner {
	own := *p
	own.Values = slices.Clone(p.Values)
	b := &planner{p: &own, uses: make([]int, len(p.Values))}
	for i := range p.Values {
		b.root = append(b.root, accel.ValueID(i))
	}
	norms := 0
	for i, s := range p.Steps {
		n := &node{step: i, op: s.Op, in: operands(s), out: s.Out[0], norm: -1, tail: tail{add: accel.NoValue}}
		if _, ok := s.Op.(accel.Norm); ok {
			n.norm = norms
			norms++
		}
		b.nodes = append(b.nodes, n)
		for _, id := range s.In {
			b.use(id, 1)
		}
	}
	for _, id := range p.Outputs {
		b.use(id, 1)
	}
	return b
}

// operands are a step's, those that may be left off at the end included.
func operands(s accel.Step) []accel.ValueID {
	in := slices.Clone(s.In)
	switch s.Op.(type) {
	case accel.Conv, accel.MatMul, accel.LayerNorm:
		for len(in) < 3 {
			in = append(in, accel.NoValue)
		}
	}
	return in
}

func (b *planner) use(id accel.ValueID, times int) {
	if id != accel.NoValue {
		b.uses[id] += times
	}
}

// addConstant makes a value of what planning computed.
func (b *planner) addConstant(like accel.ValueID, shape accel.Shape, values []float32) accel.ValueID {
	id := accel.ValueID(len(b.p.Values))
	name := "added"
	if like != accel.NoValue {
		name = b.p.Values[like].Name
	}
	b.p.Values = append(b.p.Values, accel.Value{Name: name, Shape: shape, Const: values})
	b.root, b.uses = append(b.root, id), append(b.uses, 1)
	return id
}

// constant returns the values of a constant operand, nil for any other.
func (b *planner) constant(id accel.ValueID) []float32 {
	if id == accel.NoValue {
		return nil
	}
	return b.p.Values[id].Const
}

func (b *planner) shape(id accel.ValueID) accel.Shape { return b.p.Values[id].Shape }

// onlyReader returns the place in b.nodes of the only node that reads v, or -1: also
// when v is an output, which somebody outside reads, or known by another name.
func (b *planner) onlyReader(v accel.ValueID, after int) int {
	if b.uses[v] != 1 {
		return -1
	}
	for i := after + 1; i < len(b.nodes); i++ {
		if slices.Contains(b.nodes[i].in, v) {
			return i
		}
	}
	return -1
}

func (b *planner) remove(i int) { b.nodes = append(b.nodes[:i], b.nodes[i+1:]...) }

// substitute lets everybody who reads old read v, which has the same shape and values.
func (b *planner) substitute(old, v accel.ValueID) {
	for _, n := range b.nodes {
		for k, id := range n.in {
			if id == old {
				n.in[k] = v
			}
		}
	}
	b.uses[v] += b.uses[old] - 1
	for i, root := range b.root {
		if root == old {
			b.root[i] = b.root[v]
		}
	}
}

// shareMemory removes the steps that only give a value another shape.
func (b *planner) shareMemory() {
	kept := b.nodes[:0]
	for _, n := range b.nodes {
		if _, ok := n.op.(accel.Reshape); ok {
			b.root[n.out] = b.root[n.in[0]]
			b.free = append(b.free, n.step)
			continue
		}
		kept = append(kept, n)
	}
	b.nodes = kept
}
