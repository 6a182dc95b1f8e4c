package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"ttad/accel"
	"ttad/models"
)

// Operator sets understood. Older files are rare and differ in many defaults;
// newer ones may give known operators new meanings.
const (
	OldestOpset = 9
	NewestOpset = 21
)

// Options name what Import should not have to find by itself.
type Options struct {
	Logits   string // value with the logits; default: the output "logits", else the only output
	Features string // value with the features; default: the output "features", else the input of the last linear layer
}

// Import reads an ONNX file as a classifier. Name stands for the file in
// messages and becomes Graph.Name. Every value gets a shape that holds for all
// row counts; BatchNormalization nodes stay norm steps, in whatever mode the
// file was exported; only nodes that lead to the logits or the features are
// lowered. The graph does not keep data.
func Import(name string, data []byte, opt Options) (*models.Graph, error) {
	g, err := importFile(name, data, opt)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", name, err)
	}
	return g, nil
}

func importFile(name string, data []byte, opt Options) (*models.Graph, error) {
	m, err := Parse(data)
	if err != nil {
		return nil, err
	}
	opset, err := m.opset()
	if err != nil {
		return nil, err
	}
	im := newImporter(m, opset, len(data))
	want, err := m.targets(opt)
	if err != nil {
		return nil, err
	}
	if err := im.lower(want); err != nil {
		return nil, im.explainFixedBatch(err)
	}
	g, err := im.graph(want)
	if err != nil {
		return nil, im.explainFixedBatch(err)
	}
	sum := sha256.Sum256(data)
	g.Name, g.Digest = name, hex.EncodeToString(sum[:6])
	return g, nil
}

// lower runs everything that leads to the wanted values.
func (im *importer) lower(want targets) error {
	nodes, err := im.model.Graph.needed(want)
	if err != nil {
		return err
	}
	if err := im.supported(nodes); err != nil {
		return err
	}
	if err := im.constants(); err != nil {
		return err
	}
	if err := im.inputs(); err != nil {
		return err
	}
	return im.run(nodes)
}

// opset returns the version of ai.onnx, the only operator set understood.
func (m *Model) opset() (int64, error) {
	for _, o := range m.Opsets {
		if o.Domain != "" && o.Domain != "ai.onnx" {
			continue
		}
		if o.Version < OldestOpset || o.Version > NewestOpset {
			return 0, fmt.Errorf("opset %d is not supported, %d to %d are; export again with opset_version=17", o.Version, OldestOpset, NewestOpset)
		}
		return o.Version, nil
	}
	return 0, errors.New("the file names no version of the operator set ai.onnx")
}

// needed returns, in file order, the nodes that lead to the wanted values.
func (g *Graph) needed(want targets) ([]int, error) {
	producer := map[string]int{}
	for i := range g.Nodes {
		for _, name := range g.Nodes[i].Outputs {
			if _, twice := producer[name]; twice && name != "" {
				return nil, fmt.Errorf("value %q is computed twice", name)
			}
			producer[name] = i
		}
	}
	used := make([]bool, len(g.Nodes))
	open := want.names()
	for len(open) > 0 {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		if i, ok := producer[name]; ok && name != "" && !used[i] {
			used[i] = true
			open = append(open, g.Nodes[i].Inputs...)
		}
	}
	var nodes []int
	for i, u := range used {
		if u {
			nodes = append(nodes, i)
		}
	}
	return nodes, nil
}

// supported reports every operator that is not understood at once, so that a
// user sees the whole distance to go.
func (im *importer) supported(nodes []int) error {
	const most = 12
	var list []string
	for _, i := range nodes {
		n := &im.model.Graph.Nodes[i]
		op := n.OpType
		if n.Domain != "" && n.Domain != "ai.onnx" {
			op = n.Domain + "." + op
		}
		if im.ops[op] == nil {
			list = append(list, fmt.Sprintf("node %q: op %s", n.label(), op))
		}
	}
	if len(list) == 0 {
		return nil
	}
	count := len(list)
	if count > most {
		list = append(list[:most], fmt.Sprintf("and %d more", count-most))
	}
	return fmt.Errorf("%d nodes not supported: %s. Supported operators: %s",
		count, strings.Join(list, "; "), strings.Join(Operators(), ", "))
}

// constants converts the initializers. One that cannot be converted matters only
// to a node that is needed and reads it.
func (im *importer) constants() error {
	for i := range im.model.Graph.Initializers {
		t := &im.model.Graph.Initializers[i]
		if _, twice := im.values[t.Name]; twice {
			return fmt.Errorf("initializer %q is there twice", t.Name)
		}
		o, err := fromTensor(t.Name, t)
		if err != nil {
			im.missing[t.Name] = err.Error()
			continue
		}
		im.values[t.Name] = o
	}
	return nil
}

// inputs turns the graph's inputs into ports whose first axis is the batch.
func (im *importer) inputs() error {
	for _, v := range im.model.Graph.Inputs {
		if _, constant := im.values[v.Name]; constant {
			continue // files before IR version 4 list weights as inputs
		}
		shape, err := im.inputShape(v)
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		id := im.value(accel.Value{Name: im.unique(v.Name), Shape: shape})
		im.prog.Inputs = append(im.prog.Inputs, id)
		im.values[v.Name] = &operand{name: v.Name, shape: shape, integer: v.Type.Integer(), id: id}
	}
	if len(im.prog.Inputs) == 0 {
		return errors.New("the graph has no input")
	}
	return nil
}
