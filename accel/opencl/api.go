package opencl

import (
	"fmt"
	"runtime"
	"unsafe"

	"ttad/accel"
	"ttad/accel/dynlib"
)

// api is the functions of the OpenCL library that are used. Objects of OpenCL are
// uintptrs here: what the library calls them is of no interest.
type api struct {
	getPlatformIDs, getPlatformInfo, getDeviceIDs, getDeviceInfo                    dynlib.Func
	createContext, releaseContext, createQueue, releaseQueue                        dynlib.Func
	createBuffer, releaseMemory, mapBuffer, unmapMemory, migrateMemory              dynlib.Func
	createProgram, buildProgram, getProgramBuildInfo, releaseProgram                dynlib.Func
	createKernel, setKernelArg, releaseKernel                                       dynlib.Func
	enqueueRead, enqueueWrite, enqueueKernel, enqueueMarker, getEventInfo, dropMark dynlib.Func
	flush, finish                                                                   dynlib.Func
}

// Constants of CL/cl.h that are passed or compared.
const (
	platformVersion = 0x0901
	platformName    = 0x0902

	deviceType         = 0x1000
	deviceGroupItems   = 0x1004
	deviceAllocBytes   = 0x1010
	deviceFloats       = 0x101b
	deviceMemory       = 0x101f
	deviceLocalMemory  = 0x1023
	deviceLittleEndian = 0x1026
	deviceAvailable    = 0x1027
	deviceCompiler     = 0x1028
	deviceName         = 0x102b
	deviceDriver       = 0x102d
	deviceProfile      = 0x102e
	deviceVersion      = 0x102f

	typeProcessor   = 1 << 1
	typeGPU         = 1 << 2
	typeAccelerator = 1 << 3
	typeAll         = 0xffffffff

	floatsNotNumbers = 1 << 1 // the device has infinities and NaNs
	floatsExact      = 1 << 7 // division and square root are correctly rounded

	memoryReadWrite      = 1 << 0
	memoryOnHost         = 1 << 4
	mapReadWrite         = 3
	migrateWithoutValues = 1 << 1

	programLog    = 0x1183
	eventStatus   = 0x11d3
	eventComplete = 0
)

// load opens the library.
func load(names ...string) (*api, error) {
	lib, err := dynlib.Open(names...)
	if err != nil {
		return nil, err
	}
	a := &api{}
	return a, lib.Bind(map[string]*dynlib.Func{
		"clGetPlatformIDs":            &a.getPlatformIDs,
		"clGetPlatformInfo":           &a.getPlatformInfo,
		"clGetDeviceIDs":              &a.getDeviceIDs,
		"clGetDeviceInfo":             &a.getDeviceInfo,
		"clCreateContext":             &a.createContext,
		"clReleaseContext":            &a.releaseContext,
		"clCreateCommandQueue":        &a.createQueue,
		"clReleaseCommandQueue":       &a.releaseQueue,
		"clCreateBuffer":              &a.createBuffer,
		"clReleaseMemObject":          &a.releaseMemory,
		"clEnqueueMapBuffer":          &a.mapBuffer,
		"clEnqueueUnmapMemObject":     &a.unmapMemory,
		"clEnqueueMigrateMemObjects":  &a.migrateMemory,
		"clCreateProgramWithSource":   &a.createProgram,
		"clBuildProgram":              &a.buildProgram,
		"clGetProgramBuildInfo":       &a.getProgramBuildInfo,
		"clReleaseProgram":            &a.releaseProgram,
		"clCreateKernel":              &a.createKernel,
		"clSetKernelArg":              &a.setKernelArg,
		"clReleaseKernel":             &a.releaseKernel,
		"clEnqueueReadBuffer":         &a.enqueueRead,
		"clEnqueueWriteBuffer":        &a.enqueueWrite,
		"clEnqueueNDRangeKernel":      &a.enqueueKernel,
		"clEnqueueMarkerWithWaitList": &a.enqueueMarker,
		"clGetEventInfo":              &a.getEventInfo,
		"clReleaseEvent":              &a.dropMark,
		"clFlush":                     &a.flush,
		"clFinish":                    &a.finish,
	})
}

// most is beyond what any platform lists or any string of a driver has: a larger
// count is a driver's mistake.
const most = 1 << 16

// text asks for a string. Platforms' and devices' functions are of one kind.
func text(get dynlib.Func, object uintptr, what uintptr) (string, error) {
	var size uintptr
	if err := check("size of info", get.Call(object, what, 0, 0, uintptr(unsafe.Pointer(&size)))); err != nil {
		return "", err
	}
	if size == 0 || size > most {
		return "", nil
	}
	b := make([]byte, size)
	if err := check("info", get.Call(object, what, size, uintptr(unsafe.Pointer(&b[0])), 0)); err != nil {
		return "", err
	}
	return string(b[:size-1]), nil // it ends in a zero byte
}

// number asks for an integer of up to 64 bits; 0 if the driver does not know.
func (a *api) number(device uintptr, what uintptr) uint64 {
	var n uint64
	if check("info", a.getDeviceInfo.Call(device, what, unsafe.Sizeof(n), uintptr(unsafe.Pointer(&n)), 0)) == nil {
		return n
	}
	return 0
}

// platforms lists what drivers the loader knows.
func (a *api) platforms() ([]uintptr, error) {
	var n uint32
	code := a.getPlatformIDs.Call(0, 0, uintptr(unsafe.Pointer(&n)))
	if status(int32(code)) == noPlatform || n == 0 {
		return nil, nil
	}
	if err := check("list platforms", code); err != nil {
		return nil, err
	}
	ids := make([]uintptr, min(n, most))
	err := check("list platforms", a.getPlatformIDs.Call(uintptr(len(ids)), uintptr(unsafe.Pointer(&ids[0])), 0))
	return ids, err
}

// devices lists a platform's devices of all types.
func (a *api) devices(platform uintptr) ([]uintptr, error) {
	var n uint32
	code := a.getDeviceIDs.Call(platform, typeAll, 0, 0, uintptr(unsafe.Pointer(&n)))
	if status(int32(code)) == noDevice || n == 0 {
		return nil, nil
	}
	if err := check("list devices", code); err != nil {
		return nil, err
	}
	ids := make([]uintptr, min(n, most))
	err := check("list devices", a.getDeviceIDs.Call(platform, typeAll, uintptr(len(ids)), uintptr(unsafe.Pointer(&ids[0])), 0))
	return ids, err
}

// create makes an object with a function whose last argument receives the error. As
// with dynlib.Func.Call, memory stays where it is if its address is taken within the
// arguments.
//
//go:uintptrescapes
func create(what string, f dynlib.Func, args ...uintptr) (uintptr, error) {
	code := new(int32)
	var stays runtime.Pinner // for its address is in a slice, where Call does not see it
	stays.Pin(code)
	defer stays.Unpin()
	object := f.Call(append(args, uintptr(unsafe.Pointer(code)))...)
	if err := check(what, uintptr(*code)); err != nil {
		return 0, err
	}
	if object == 0 {
		return 0, fmt.Errorf("%s: the driver returned nothing: %w", what, accel.ErrLost)
	}
	return object, nil
}
