//go:build noaccel

package daemon

import (
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/configs"
)

// openAccelerator finds nothing: this build opens no libraries while it runs, so that
// it is statically linked.
func openAccelerator(kind string, _ configs.DeviceConfig, _ zerolog.Logger) (accel.Device, error) {
	return nil, fmt.Errorf("%s: this build has the CPU only (tag noaccel): %w", kind, accel.ErrNoDevice)
}
