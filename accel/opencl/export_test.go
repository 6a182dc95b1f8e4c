package opencl

import (
	"unsafe"

	"github.com/ebitengine/purego"

	"ttad/accel"
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

// DiscoverBeside lists devices where a driver that fails with a code comes before the
// others, or is alone.
func DiscoverBeside(c Config, code int32, alone bool) ([]accel.Found, error) {
	const failing = 1 // as a platform
	a, err := load("libOpenCL.so.1")
	if err != nil {
		return nil, err
	}
	real, err := a.platforms()
	if err != nil {
		return nil, err
	}
	all := []uintptr{failing}
	if !alone {
		all = append(all, real...)
	}
	info := a.getPlatformInfo
	a.getPlatformIDs = dynlib.Func(purego.NewCallback(func(room uintptr, ids *uintptr, n *uint32) uintptr {
		if n != nil {
			*n = uint32(len(all))
		}
		if ids != nil {
			copy(unsafe.Slice(ids, room), all)
		}
		return 0
	}))
	a.getPlatformInfo = dynlib.Func(purego.NewCallback(func(platform, what, size, to, needs uintptr) uintptr {
		if platform == failing {
			return uintptr(uint32(code))
		}
		return info.Call(platform, what, size, to, needs)
	}))
	entries, err := a.list(c)
	var found []accel.Found
	for _, e := range entries {
		found = append(found, e.Found)
	}
	return found, err
}
