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
		extent, indices := p.Values[s.In[0]].Shape[op.Axis], p.Values[s.In[1]].Const
		if !extent.Static() {
			continue
		}
		for i, v := range indices {
			if !whole(v, extent.Fixed) {
				return fmt.Errorf("node %q: op Gather: index %d is %v, not a whole number that fits an axis of %d", s.Name, i, v, extent.Fixed)
			}
		}
	}
	return nil
}

// whole reports whether v is a whole number that names a place on an axis, from either
// end.
func whole(v float32, extent int) bool {
	i := int(v)
	return v == float32(i) && i >= -extent && i < extent
}
