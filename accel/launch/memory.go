package launch

import (
	"errors"
	"fmt"

	"ttad/accel"
)

const floatBytes = 4

// memory is a piece of device memory and its length.
type memory struct {
	at     Memory
	floats int
}

// bytes is what it takes: kernels never see a piece of nothing.
func (m memory) bytes() int { return bytesOf(m.floats) }

func bytesOf(floats int) int { return floatBytes * max(1, floats) }

// alloc takes memory from the driver.
func (d *Device) alloc(floats int) (memory, error) {
	if err := d.present(); err != nil {
		return memory{}, err
	}
	m := memory{floats: floats}
	if limit := d.limits.AllocBytes; limit > 0 && int64(m.bytes()) > limit {
		return memory{}, fmt.Errorf("%d bytes in one piece, the device gives at most %d: %w", m.bytes(), limit, accel.ErrOutOfMemory)
	}
	at, err := d.driver.Alloc(m.bytes())
	if err != nil {
		return memory{}, d.note(err)
	}
	d.meter.took(m.bytes())
	m.at = at
	return m, nil
}

// free gives memory back that no queue uses any more. That of a lost device is gone
// already, unless the device hangs, when it is left to it.
func (d *Device) free(pieces ...memory) error {
	var first error
	for _, m := range pieces {
		d.meter.gave(m.bytes())
		if d.hanging() != nil {
			continue
		}
		err := d.note(d.driver.Free(m.at))
		if err != nil && !errors.Is(err, accel.ErrLost) && first == nil {
			first = fmt.Errorf("free %d bytes: %w", m.bytes(), err)
		}
	}
	return first
}
