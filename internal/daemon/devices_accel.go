//go:build !noaccel

package daemon

import (
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cuda"
	"ttad/accel/opencl"
	"ttad/configs"
)

// openAccelerator is the one list of kinds beside the processor. OpenCL on a
// processor, for testing, is for who names OpenCL first.
func openAccelerator(kind string, cfg configs.DeviceConfig, log zerolog.Logger) (accel.Device, error) {
	switch kind {
	case "cuda":
		return cuda.Open(cuda.Config{Index: cfg.Index, CUBLAS: cfg.CUDA.CUBLAS}, log)
	case "opencl":
		return opencl.Open(opencl.Config{Index: cfg.Index, AllowProcessors: cfg.Prefer[0] == "opencl", Log: log})
	}
	return nil, fmt.Errorf("kind %q: %w", kind, accel.ErrNoDevice)
}
