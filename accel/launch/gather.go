package launch

import (
	"fmt"

	"ttad/accel"
)

// checkIndices refuses programs whose constant indices lie outside an axis that is the
// same for every batch: nothing need be checked on the device then.
func checkIndices(p *accel.Program) error {
	for _, s := range p.Steps {
		op, ok := s.Op.(accel.Gather)
		if !ok {
			continue
		}
		if !indicesKnown(p, s.In, op.Axis) {
			continue
		}
		extent := p.Values[s.In[0]].Shape[op.Axis].Fixed
		for i, v := range p.Values[s.In[1]].Const {
			if !whole(v, extent) {
				return fmt.Errorf("node %q: op Gather: index %d is %v, not a whole number that fits an axis of %d", s.Name, i, v, extent)
			}
		}
	}
	return nil
}

// indicesKnown reports whether a step's indices are constant, and its axis the same for
// every batch. If they are not, every batch has its check: lowering for another number of
// rows takes as many faults.
func indicesKnown(p *accel.Program, in []accel.ValueID, axis int) bool {
	return p.Values[in[1]].Const != nil && p.Values[in[0]].Shape[axis].Static()
}

// whole reports whether v is a whole number that names a place on an axis, from either
// end. The kernels' fits_axis has the same rule.
func whole(v float32, extent int) bool {
	i := int(v)
	return v == float32(i) && i >= -extent && i < extent
}
