package stream

import (
	"maps"
	"slices"
	"strconv"

	"ttad/internal/npyfile"
)

// DecodeArrays takes rows that are arrays already, by input name; the only input
// of a model may go by the empty name. It is how rows from files take the same
// path as rows from messages.
func (c *Codec) DecodeArrays(arrays map[string]npyfile.Array) (Rows, *CodedError) {
	if a, only := arrays[""]; only && len(arrays) == 1 {
		return c.DecodeArray(a)
	}
	var out Rows
	given := make([]bool, len(c.ports))
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		at, err := c.portOf(name, given)
		if err != nil {
			return Rows{}, err
		}
		rows, err := c.ports[at].rows(arrays[name].Shape, c.cfg.MaxRows)
		if err != nil {
			return Rows{}, err
		}
		if out.Rows != 0 && rows != out.Rows {
			return Rows{}, Refusef(BadShape, "input %q has %d rows, another has %d", name, rows, out.Rows)
		}
		out.Rows = rows
		if c.bufs[at], err = c.appendArray(&c.ports[at], arrays[name], rows, c.bufs[at][:0]); err != nil {
			return Rows{}, err
		}
	}
	if i := slices.Index(given, false); i >= 0 {
		return Rows{}, Refusef(UnknownInput, "input %s is missing; the model takes %s", strconv.Quote(c.ports[i].name), c.names())
	}
	return c.finish(out)
}
