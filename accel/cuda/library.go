package cuda

import (
	"errors"
	"fmt"
	"runtime"

	"ttad/accel"
	"ttad/accel/dynlib"
)

// library is libcuda: the functions in use, and memory that they write results to.
// It is its thread's.
type library struct {
	functions
	// out is where calls put handles and numbers. Like all Go memory that the library
	// sees, it is pinned.
	out []uint64
	pin runtime.Pinner
	// queues have pinned memory, too, which must not be lost before it is given back.
	queues map[*queue]bool
}

// functions are the library's, by its own names. Those with a version at the end are
// of 64-bit addresses; the names without are of a 32-bit interface of long ago.
type functions struct {
	init, driverVersion, errorName, errorString            dynlib.Func
	deviceCount, deviceGet, deviceName, deviceMemory       dynlib.Func
	deviceAttribute                                        dynlib.Func
	ctxCreate, ctxDestroy                                  dynlib.Func
	moduleLoad, moduleUnload, moduleFunction, functionAttr dynlib.Func
	memAlloc, memFree, memInfo, hostAlloc, hostFree        dynlib.Func
	streamCreate, streamDestroy, streamSynchronize         dynlib.Func
	eventCreate, eventDestroy, eventRecord, eventQuery     dynlib.Func
	copyToDevice, copyToHost, launchKernel                 dynlib.Func
}

func (f *functions) symbols() map[string]*dynlib.Func {
	return map[string]*dynlib.Func{
		"cuInit": &f.init, "cuDriverGetVersion": &f.driverVersion,
		"cuGetErrorName": &f.errorName, "cuGetErrorString": &f.errorString,
		"cuDeviceGetCount": &f.deviceCount, "cuDeviceGet": &f.deviceGet,
		"cuDeviceGetName": &f.deviceName, "cuDeviceTotalMem_v2": &f.deviceMemory,
		"cuDeviceGetAttribute": &f.deviceAttribute,
		"cuCtxCreate_v2":       &f.ctxCreate, "cuCtxDestroy_v2": &f.ctxDestroy,
		"cuModuleLoadDataEx": &f.moduleLoad, "cuModuleUnload": &f.moduleUnload,
		"cuModuleGetFunction": &f.moduleFunction, "cuFuncGetAttribute": &f.functionAttr,
		"cuMemAlloc_v2": &f.memAlloc, "cuMemFree_v2": &f.memFree, "cuMemGetInfo_v2": &f.memInfo,
		"cuMemAllocHost_v2": &f.hostAlloc, "cuMemFreeHost": &f.hostFree,
		"cuStreamCreate": &f.streamCreate, "cuStreamDestroy_v2": &f.streamDestroy,
		"cuStreamSynchronize": &f.streamSynchronize,
		"cuEventCreate":       &f.eventCreate, "cuEventDestroy_v2": &f.eventDestroy,
		"cuEventRecord": &f.eventRecord, "cuEventQuery": &f.eventQuery,
		"cuMemcpyHtoDAsync_v2": &f.copyToDevice, "cuMemcpyDtoHAsync_v2": &f.copyToHost,
		"cuLaunchKernel": &f.launchKernel,
	}
}

// oldest is the first driver that knows PTX 6.0, as cuDriverGetVersion counts.
const oldest = 9000

// load opens the library and starts it, once a driver.
func load(path string) (*library, error) {
	if path == "" {
		path = "libcuda.so.1"
	}
	file, err := dynlib.Open(path)
	if errors.Is(err, dynlib.ErrNotThere) {
		return nil, fmt.Errorf("%w: %w (it comes with NVIDIA's driver)", accel.ErrNoDevice, err)
	}
	if err != nil {
		return nil, err
	}
	l := &library{queues: map[*queue]bool{}}
	if err := file.Bind(l.symbols()); err != nil {
		return nil, fmt.Errorf("%w: NVIDIA's driver for CUDA 9.0 or later is needed", err)
	}
	l.out = words64(pinned(&l.pin, 16))
	if err := l.start(); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *library) start() error {
	if err := l.check("cuInit", l.init.Call(0)); err != nil {
		return unavailable(err)
	}
	version, err := l.version()
	if err != nil {
		return err
	}
	if version < oldest {
		return fmt.Errorf("%w: the driver speaks CUDA %s, ttad's kernels need 9.0 or later: update NVIDIA's driver", accel.ErrUnsupported, dotted(version))
	}
	return nil
}

func (l *library) version() (int, error) {
	return l.number("cuDriverGetVersion", l.driverVersion)
}

// dotted is a version as people write it: 12040 is 12.4.
func dotted(version int) string { return fmt.Sprintf("%d.%d", version/1000, version%1000/10) }

// number calls a function whose first argument receives an int.
func (l *library) number(call string, f dynlib.Func, args ...uintptr) (int, error) {
	l.out[0] = 0
	err := l.check(call, f.Call(append([]uintptr{l.first()}, args...)...))
	return int(int32(l.out[0])), err
}

// handle calls a function whose first argument receives a handle or an address.
func (l *library) handle(call string, f dynlib.Func, args ...uintptr) (uintptr, error) {
	l.out[0] = 0
	err := l.check(call, f.Call(append([]uintptr{l.first()}, args...)...))
	return uintptr(l.out[0]), err
}

func (l *library) first() uintptr { return pointer(&l.out[0]) }

// textLimit is the most of a name or message of the library that is read.
const textLimit = 256

// check makes an error of a result. Only its lower half means anything.
func (l *library) check(call string, result uintptr) error {
	code := int32(result)
	if code == 0 {
		return nil
	}
	return &Error{Call: call, Code: int(code), Name: l.text(l.errorName, code), Text: l.text(l.errorString, code)}
}

// text asks for the name of a code, or what it means; empty for a code the library
// does not know.
func (l *library) text(f dynlib.Func, code int32) string {
	kept := l.out[0]
	defer func() { l.out[0] = kept }()
	if int32(f.Call(uintptr(code), l.first())) != 0 {
		return ""
	}
	return dynlib.Text(uintptr(l.out[0]), textLimit)
}

// close gives pinned memory back to Go.
func (l *library) close() { l.pin.Unpin() }
