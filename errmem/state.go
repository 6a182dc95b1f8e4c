package errmem

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// States are little-endian: a title that names memory and format, then fixed-size
// fields. Lengths are checked against what the fields imply before anything is
// allocated or read.

func appendFloats(to []byte, values []float32) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
	}
	return to
}

// decoder takes fields off the front of a state whose length was checked.
type decoder struct{ rest []byte }

func (d *decoder) uint32() uint32 {
	v := binary.LittleEndian.Uint32(d.rest)
	d.rest = d.rest[4:]
	return v
}

func (d *decoder) uint64() uint64 {
	v := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return v
}

func (d *decoder) floats(to []float32) {
	for i := range to {
		to[i] = math.Float32frombits(d.uint32())
	}
}

// open checks a state's title and that a header of so many bytes follows it.
func open(state []byte, title string, header int) (*decoder, error) {
	if !strings.HasPrefix(string(state[:min(len(state), len(title))]), title) {
		return nil, fmt.Errorf("expected a state that begins with %q", title)
	}
	if len(state) < len(title)+header {
		return nil, fmt.Errorf("expected a header of %d bytes, got %d", header, len(state)-len(title))
	}
	return &decoder{state[len(title):]}, nil
}

// built checks a field that must be as the memory was configured.
func built(what string, want, got uint64) error {
	if want != got {
		return fmt.Errorf("expected a state for %s %d, got one for %d: reset the memory, or configure it as it was", what, want, got)
	}
	return nil
}

func finite(values []float32) bool {
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// number is a truth value as a field.
func number(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
