package onnx

import (
	"errors"
	"fmt"
	"slices"

	"ttad/accel"
	"ttad/models"
)

// graph turns the lowered program into a classifier: logits as [N K], features
// as [N F], patterns fused, norms and head found.
func (im *importer) graph(want targets) (*models.Graph, error) {
	if err := im.resymbolized(); err != nil {
		return nil, err
	}
	g := &models.Graph{Program: im.prog}
	if im.fixed != 0 {
		g.Notes = append(g.Notes, fmt.Sprintf("exported for batches of exactly %d; nothing in the graph depends on that number, so any batch is taken", im.fixed))
	}
	logits, err := im.logits(want.logits, g)
	if err != nil {
		return nil, err
	}
	features, err := im.features(want.features)
	if err != nil {
		return nil, err
	}
	im.prog.Outputs = []accel.ValueID{logits}
	if slices.Contains(im.prog.Inputs, logits) {
		return nil, errors.New("logits: they are an input, nothing is computed")
	}
	if features != accel.NoValue {
		im.prog.Outputs = append(im.prog.Outputs, features)
	}
	prune(im.prog)
	fuse(im.prog)
	prune(im.prog)
	im.nameRest()
	im.describe(g)
	return g, im.prog.Check()
}

// wanted resolves a target as a matrix of one row per batch row; trailing
// extents of 1 are dropped.
func (im *importer) wanted(what, name string) (*operand, *call, error) {
	c := &call{im: im, node: &Node{Name: what}}
	o, err := im.lookup(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", what, err)
	}
	if o.constant() {
		return nil, nil, fmt.Errorf("%s: value %q does not depend on the input", what, name)
	}
	shape := o.shape
	for len(shape) > 2 && shape[len(shape)-1] == accel.Fixed(1) {
		shape = shape[:len(shape)-1]
	}
	if len(shape) == 1 && shape[0] == accel.RowsDim() {
		shape = accel.Shape{shape[0], accel.Fixed(1)}
	}
	if len(shape) != 2 || shape[0] != accel.RowsDim() || !shape[1].Static() || shape[1].Fixed < 1 {
		return nil, nil, fmt.Errorf("%s: value %q has shape %v, want one row of numbers per batch row, [N K]", what, name, o.shape)
	}
	y, err := c.reshape(o, shape)
	return y, c, err
}

// logits returns the logits' value. A softmax at the end is taken off: its input
// are the logits. A single logit (of class 1, as binary classifiers give it)
// becomes two, the other one being 0.
func (im *importer) logits(name string, g *models.Graph) (accel.ValueID, error) {
	o, c, err := im.wanted("logits", name)
	if err != nil {
		return accel.NoValue, err
	}
	id := im.beforeActivation(o, g)
	if o.shape[1].Fixed > 1 {
		return id, nil
	}
	g.Notes = append(g.Notes, fmt.Sprintf("the model gives one number a row (%q): it is read as the logit of class 1 against a logit of 0 for class 0", name))
	z := &operand{shape: o.shape, id: id}
	zero, err := c.apply(accel.Map{Fn: accel.Affine}, z)
	if err != nil {
		return accel.NoValue, err
	}
	pair, err := c.apply(accel.Concat{Axis: 1}, zero, z)
	if err != nil {
		return accel.NoValue, err
	}
	im.prog.Values[pair.id].Name = im.unique(name + "/pair")
	return pair.id, nil
}

// beforeActivation returns the input of a final softmax over the classes, or of
// the sigmoid that ends a binary classifier.
func (im *importer) beforeActivation(o *operand, g *models.Graph) accel.ValueID {
	s := newRewriter(im.prog).step(o.id)
	if s == nil {
		return o.id
	}
	switch op := s.Op.(type) {
	case accel.Softmax:
		if op.Axis != 1 {
			return o.id
		}
	case accel.Map:
		if op.Fn != accel.Sigmoid || o.shape[1].Fixed != 1 {
			return o.id
		}
	default:
		return o.id
	}
	g.Notes = append(g.Notes, fmt.Sprintf("the model ends in %s (node %q); the logits are what goes into it", s.Op.Kind(), s.Name))
	return s.In[0]
}

// features returns the features' value, or NoValue when none was asked for or
// declared: then the head's input is taken later.
func (im *importer) features(name string) (accel.ValueID, error) {
	if name == "" {
		return accel.NoValue, nil
	}
	o, _, err := im.wanted("features", name)
	if err != nil {
		return accel.NoValue, err
	}
	return o.id, nil
}

// nameRest names values that the file has no name for after their step.
func (im *importer) nameRest() {
	for i := range im.prog.Steps {
		s := &im.prog.Steps[i]
		if v := &im.prog.Values[s.Out[0]]; v.Name == "" {
			v.Name = im.unique(s.Name + "/out")
		}
	}
	for i := range im.prog.Values {
		if v := &im.prog.Values[i]; v.Name == "" {
			v.Name = im.unique("constant")
		}
	}
}
