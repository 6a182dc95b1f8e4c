package tta

import "slices"

// Registry is a plain value that lists strategies.
type Registry struct{ specs []Spec }

// NewRegistry lists specs in the order given.
func NewRegistry(specs ...Spec) *Registry { return &Registry{specs: specs} }

// Specs returns all of them in order.
func (r *Registry) Specs() []Spec { return slices.Clone(r.specs) }

// Names returns all names in order.
func (r *Registry) Names() []string {
	names := make([]string, len(r.specs))
	for i, s := range r.specs {
		names[i] = s.Name
	}
	return names
}

// Lookup finds a strategy by name.
func (r *Registry) Lookup(name string) (Spec, bool) {
	i := slices.IndexFunc(r.specs, func(s Spec) bool { return s.Name == name })
	if i < 0 {
		return Spec{}, false
	}
	return r.specs[i], true
}
