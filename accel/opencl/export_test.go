package opencl

import (
	"github.com/ebitengine/purego"

	"ttad/accel/dynlib"
	"ttad/accel/launch"
)

// OpenSource opens a device with kernels of a test's own.
var OpenSource = openSource

// Fail has a function of the library fail with a code from now on, for one driver.
func Fail(d launch.Driver, function string, code int32) {
	broken := *d.(*driver).api
	for name, f := range map[string]*dynlib.Func{
		"clSetKernelArg": &broken.setKernelArg, "clEnqueueNDRangeKernel": &broken.enqueueKernel,
		"clEnqueueReadBuffer": &broken.enqueueRead, "clEnqueueWriteBuffer": &broken.enqueueWrite,
		"clEnqueueMarkerWithWaitList": &broken.enqueueMarker, "clFlush": &broken.flush,
		"clEnqueueMigrateMemObjects": &broken.migrateMemory,
	} {
		if name == function {
			*f = dynlib.Func(purego.NewCallback(func() uintptr { return uintptr(uint32(code)) }))
		}
	}
	switch function {
	case "clCreateBuffer":
		broken.createBuffer = dynlib.Func(purego.NewCallback(func(_, _, _, _ uintptr, status *int32) uintptr {
			*status = code
			return 0
		}))
	case "event": // the work itself fails
		broken.getEventInfo = dynlib.Func(purego.NewCallback(func(_, _, _ uintptr, status *int32, _ uintptr) uintptr {
			*status = code
			return 0
		}))
	}
	d.(*driver).api = &broken
}
