package cpu

import "ttad/accel"

// node is a step on its way to a kernel.
type node struct {
	step int // in the program: its first one where several were melted together
	op   accel.Op
	in   []accel.ValueID
	out  accel.ValueID
	norm int       // for a Norm: its number
	undo []float64 // likewise: what the weights before it were multiplied by, nil for nothing
	fold *affine   // for a product: what is melted into its weights
	tail []tailing // what follows while the result is in cache
	merged
}

// tailing is one thing a tail does to a result: add a value of the same shape,
// or apply a function.
type tailing struct {
	add accel.ValueID // NoValue when fn applies
	fn  mapper
}

// planner holds a plan in the making.
type planner struct {
	d     *Device        // for whose instructions it is made
	p     *accel.Program // a copy, whose values may grow
	nodes []*node
	uses  []int // how often each value is read, outputs included
	root  []accel.ValueID
	// layouts of the values; all row-major until somebody decides otherwise.
	layouts []layout
	free    []int // steps that vanished
	last    []int // see lastReads
	norms   []norm
	packs   packs // of this plan and those before it
	taken   int   // floats of them that this plan has
}

// arrange makes the program's steps the nodes that kernels are made for, in their
// final order and with the values they will read and write.
func (b *planner) arrange(f purpose) {
	if f == forSource {
		b.foldNorms()
	} else {
		b.foldScales()
	}
	b.meltMoves()
	b.shareMemory()
	b.splitNorms(f)
	b.fuseTails()
	if f == forBatch { // or they wait for nothing
		b.delayMixes()
	}
	b.layOutBlocks()
	b.matchBorders()
	if f == forGiven {
		b.keepMoments()
	}
	b.last = b.lastReads()
}

func newPlanner(d *Device, p *accel.Program) *planner {
	own := *p
	own.Values = nil
	b := &planner{d: d, p: &own}
	for _, v := range p.Values {
		b.addValue(v, layout{})
	}
	norms := 0
	for i, s := range p.Steps {
		n := &node{step: i, op: s.Op, in: s.In, out: s.Out[0]}
		if _, ok := s.Op.(accel.Norm); ok {
			n.norm = norms
			norms++
		}
		b.nodes = append(b.nodes, n)
		for _, id := range s.In {
			b.use(id)
		}
	}
	for _, id := range p.Outputs {
		b.use(id)
	}
	return b
}

// addValue makes room for a value in a layout.
func (b *planner) addValue(v accel.Value, l layout) accel.ValueID {
	id := accel.ValueID(len(b.p.Values))
	b.p.Values = append(b.p.Values, v)
	b.root, b.uses, b.layouts = append(b.root, id), append(b.uses, 0), append(b.layouts, l)
	return id
}

func (b *planner) use(id accel.ValueID) {
	if id != accel.NoValue {
		b.uses[id]++
	}
}

// constant returns the values of a constant operand, nil for any other.
func (b *planner) constant(id accel.ValueID) []float32 {
	if id == accel.NoValue {
		return nil
	}
	return b.p.Values[id].Const
}

// onlyReader returns the place in b.nodes of the only node that reads v, or -1:
// also when v is an output, which somebody outside reads.
func (b *planner) onlyReader(v accel.ValueID, after int) int {
	if b.uses[v] != 1 {
		return -1
	}
	for i := after + 1; i < len(b.nodes); i++ {
		for _, id := range b.nodes[i].in {
			if id == v {
				return i
			}
		}
	}
	return -1
}

func (b *planner) remove(i int) { b.nodes = append(b.nodes[:i], b.nodes[i+1:]...) }

// shareMemory removes the steps that only give a value another name.
func (b *planner) shareMemory() {
	kept := b.nodes[:0]
	for _, n := range b.nodes {
		if _, ok := n.op.(accel.Reshape); ok {
			b.root[n.out] = b.root[n.in[0]]
			b.forget(n)
			continue
		}
		kept = append(kept, n)
	}
	b.nodes = kept
	for i := range b.root {
		for b.root[i] != b.root[b.root[i]] {
			b.root[i] = b.root[b.root[i]]
		}
	}
}
