package models

import (
	"strings"

	"ttad/accel"
)

// Overlay is what one pipeline changes for one forward. The zero Overlay is the
// source model. Setters take the content's key, so that two pipelines share a
// forward only when they say they change the same thing: stateless content is
// named by its parameters ("blend(0.9)"), stateful content by pipeline and step.
type Overlay struct {
	norms []accel.NormRule
	keys  []string
}

// SetNorms replaces the rules of all norm nodes, one entry a node.
func (o *Overlay) SetNorms(key string, rules []accel.NormRule) {
	o.norms = rules
	o.keys = append(o.keys, key)
}

// Reset makes it the source model again, keeping its memory.
func (o *Overlay) Reset() { o.norms, o.keys = nil, o.keys[:0] }

// Norms returns the rules, one a norm node, or nil for the source model.
func (o *Overlay) Norms() []accel.NormRule { return o.norms }

// Key identifies the content; the source model's is empty.
func (o *Overlay) Key() string { return strings.Join(o.keys, "+") }
