package grad

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"ttad/accel"
)

// Config says what of a program is trained, and how.
type Config struct {
	Rows int // rows of every batch
	// Learn lists the constants that change; the others stay.
	Learn []accel.ValueID
	// BatchMoments makes norm steps use each batch's own moments, as in training
	// from scratch, and Step move the stored ones towards them. Without it norm
	// steps use the stored moments, which stay.
	BatchMoments bool
	// Momentum is the weight of a batch in the stored moments; 0 is 0.1.
	Momentum float64
}

// Net is a program on a gorgonia graph with a cross-entropy loss on its first
// output, [rows classes] logits. It has one owner.
type Net struct {
	prog *accel.Program
	cfg  Config
	rows int

	nodes  []*G.Node // by value
	learn  []*G.Node // by cfg.Learn
	grads  []*G.Node // by cfg.Learn
	norms  []*norm
	target *G.Node
	loss   *G.Node
	vm     G.VM
	solver *G.AdamSolver
}

// New builds the graph. The program is copied where it will change.
func New(p *accel.Program, cfg Config) (*Net, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("differentiate program: %w", err)
	}
	if cfg.Rows < 1 || len(cfg.Learn) == 0 || len(p.Inputs) == 0 || len(p.Outputs) == 0 {
		return nil, fmt.Errorf("differentiate program: %d rows, %d constants to learn, %d inputs, %d outputs: none may be 0",
			cfg.Rows, len(cfg.Learn), len(p.Inputs), len(p.Outputs))
	}
	if cfg.Momentum == 0 {
		cfg.Momentum = 0.1
	}
	n := &Net{prog: p, cfg: cfg, rows: cfg.Rows, nodes: make([]*G.Node, len(p.Values)), solver: G.NewAdamSolver()}
	g := G.NewGraph()
	n.constants(g)
	for _, id := range p.Inputs {
		n.nodes[id] = variable(g, p.Values[id].Name, n.extents(id))
	}
	for _, s := range p.Steps {
		y, err := n.lower(s)
		if err != nil {
			return nil, fmt.Errorf("differentiate node %q: %w", s.Name, err)
		}
		n.nodes[s.Out[0]] = y
	}
	if err := n.close(g); err != nil {
		return nil, fmt.Errorf("differentiate loss: %w", err)
	}
	return n, nil
}

func variable(g *G.ExprGraph, name string, shape tensor.Shape) *G.Node {
	return G.NewTensor(g, tensor.Float32, shape.Dims(), G.WithShape(shape...), G.WithName(name))
}

// constants gives every constant of the program a variable holding a copy.
// Gorgonia's own constants share memory with their source and join nodes of equal
// value, neither of which is wanted here.
func (n *Net) constants(g *G.ExprGraph) {
	for id, v := range n.prog.Values {
		if v.Const == nil || len(v.Shape) == 0 {
			continue
		}
		value := tensor.New(tensor.WithShape(v.Shape.At(1)...), tensor.WithBacking(append([]float32(nil), v.Const...)))
		n.nodes[id] = G.NewTensor(g, tensor.Float32, len(v.Shape), G.WithShape(v.Shape.At(1)...),
			G.WithName(fmt.Sprintf("%d:%s", id, v.Name)), G.WithValue(value))
	}
}

// close adds the loss, its gradients and the machine that runs them.
func (n *Net) close(g *G.ExprGraph) (err error) {
	logits := n.nodes[n.prog.Outputs[0]]
	if logits == nil || logits.Dims() != 2 {
		return fmt.Errorf("output 0, %v, is not [rows classes]", n.prog.Values[n.prog.Outputs[0]].Shape)
	}
	n.target = variable(g, "target", logits.Shape().Clone())
	for _, id := range n.cfg.Learn {
		if int(id) >= len(n.nodes) || id < 0 || n.prog.Values[id].Const == nil {
			return fmt.Errorf("value %d is not a constant that can be learned", id)
		}
		n.learn = append(n.learn, n.nodes[id])
	}
	if n.loss, err = crossEntropy(logits, n.target); err != nil {
		return err
	}
	if n.grads, err = G.Grad(n.loss, n.learn...); err != nil {
		return err
	}
	n.vm = G.NewTapeMachine(g, G.BindDualValues(n.learn...))
	return nil
}

// Backward runs one batch forward and back and returns the loss. Inputs are the
// program's, [Rows ...]; target is [Rows classes], a distribution a row.
func (n *Net) Backward(inputs []*accel.Tensor, target *accel.Tensor) (float64, error) {
	if len(inputs) != len(n.prog.Inputs) {
		return 0, fmt.Errorf("run batch: %d inputs, want %d", len(inputs), len(n.prog.Inputs))
	}
	n.vm.Reset()
	for i, id := range n.prog.Inputs {
		if err := let(n.nodes[id], inputs[i]); err != nil {
			return 0, fmt.Errorf("run batch: input %d: %w", i, err)
		}
	}
	if err := let(n.target, target); err != nil {
		return 0, fmt.Errorf("run batch: target: %w", err)
	}
	if err := n.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("run batch: %w", err)
	}
	loss, err := floats(n.loss.Value())
	if err != nil {
		return 0, fmt.Errorf("read loss: %w", err)
	}
	return float64(loss[0]), nil
}

func let(node *G.Node, t *accel.Tensor) error {
	if !node.Shape().Eq(tensor.Shape(t.Shape)) {
		return fmt.Errorf("shape %v, want %v", t.Shape, node.Shape())
	}
	return G.Let(node, tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(t.Data)))
}

// Logits copies the last batch's logits, [Rows classes].
func (n *Net) Logits() (*accel.Tensor, error) {
	node := n.nodes[n.prog.Outputs[0]]
	data, err := floats(node.Value())
	if err != nil {
		return nil, fmt.Errorf("read logits: %w", err)
	}
	return accel.TensorOf(append([]float32(nil), data...), node.Shape()...), nil
}

// Gradient copies the last batch's gradient of constant Learn[i].
func (n *Net) Gradient(i int) (*accel.Tensor, error) {
	v, err := n.learn[i].Grad()
	if err != nil {
		return nil, fmt.Errorf("read gradient of %q: %w", n.learn[i].Name(), err)
	}
	data, err := floats(v)
	if err != nil {
		return nil, fmt.Errorf("read gradient of %q: %w", n.learn[i].Name(), err)
	}
	return accel.TensorOf(append([]float32(nil), data...), n.learn[i].Shape()...), nil
}

// Step moves what is learned against the last batch's gradients, by Adam (Kingma
// and Ba 2014, arXiv:1412.6980) with the given rate, and the stored moments
// towards the batch's.
func (n *Net) Step(rate float64) error {
	G.WithLearnRate(rate)(n.solver)
	if err := n.solver.Step(G.NodesToValueGrads(n.learn)); err != nil {
		return fmt.Errorf("optimizer step: %w", err)
	}
	if n.cfg.BatchMoments {
		for _, l := range n.norms {
			l.remember(n.cfg.Momentum)
		}
	}
	return nil
}

// Program returns a copy of the program with what was learned in place.
func (n *Net) Program() (*accel.Program, error) {
	p := *n.prog
	p.Values = append([]accel.Value(nil), n.prog.Values...)
	for i, id := range n.cfg.Learn {
		data, err := floats(n.learn[i].Value())
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", p.Values[id].Name, err)
		}
		p.Values[id].Const = append([]float32(nil), data...)
	}
	for _, l := range n.norms {
		p.Values[l.run.mean].Const = append([]float32(nil), l.run.m...)
		p.Values[l.run.variance].Const = append([]float32(nil), l.run.v...)
	}
	return &p, nil
}

// Close frees the machine.
func (n *Net) Close() error {
	if n.vm == nil {
		return errors.New("close net: closed before")
	}
	vm := n.vm
	n.vm = nil
	return vm.Close()
}
