package opencl

import (
	"fmt"

	"ttad/accel"
)

// status is what OpenCL's functions return.
type status int32

// Those that mean something to a caller of this package.
const (
	noDevice         status = -1
	notAvailable     status = -2
	allocationFailed status = -4
	outOfResources   status = -5
	outOfHostMemory  status = -6
	invalidDevice    status = -33
	invalidContext   status = -34
	invalidQueue     status = -36
	invalidSize      status = -61
	noPlatform       status = -1001
	illegalAccess    status = -9999 // NVIDIA's, of a kernel that read or wrote elsewhere
)

// Error is the number and, where there is one that people search for, its name.
func (s status) Error() string {
	if name, ok := names()[s]; ok {
		return fmt.Sprintf("OpenCL error %d (%s)", int32(s), name)
	}
	return fmt.Sprintf("OpenCL error %d", int32(s))
}

func names() map[status]string {
	return map[status]string{
		noDevice: "CL_DEVICE_NOT_FOUND", notAvailable: "CL_DEVICE_NOT_AVAILABLE", -3: "CL_COMPILER_NOT_AVAILABLE",
		allocationFailed: "CL_MEM_OBJECT_ALLOCATION_FAILURE", outOfResources: "CL_OUT_OF_RESOURCES",
		outOfHostMemory: "CL_OUT_OF_HOST_MEMORY", -11: "CL_BUILD_PROGRAM_FAILURE", -12: "CL_MAP_FAILURE",
		-14: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", -30: "CL_INVALID_VALUE", invalidDevice: "CL_INVALID_DEVICE",
		invalidContext: "CL_INVALID_CONTEXT", invalidQueue: "CL_INVALID_COMMAND_QUEUE", -38: "CL_INVALID_MEM_OBJECT",
		-43: "CL_INVALID_BUILD_OPTIONS", -46: "CL_INVALID_KERNEL_NAME", -48: "CL_INVALID_KERNEL", -49: "CL_INVALID_ARG_INDEX",
		-50: "CL_INVALID_ARG_VALUE", -51: "CL_INVALID_ARG_SIZE", -52: "CL_INVALID_KERNEL_ARGS",
		-54: "CL_INVALID_WORK_GROUP_SIZE", -55: "CL_INVALID_WORK_ITEM_SIZE", invalidSize: "CL_INVALID_BUFFER_SIZE",
		noPlatform: "CL_PLATFORM_NOT_FOUND_KHR", illegalAccess: "of NVIDIA: a kernel touched memory that is not its own",
	}
}

// check turns what a function returned into an error that says what was being done,
// and wraps accel.ErrOutOfMemory or accel.ErrLost where that is what happened.
func check(what string, returned uintptr) error {
	s := status(int32(returned))
	switch s {
	case 0:
		return nil
	case allocationFailed, outOfResources, outOfHostMemory, invalidSize:
		return fmt.Errorf("%s: %w: %w", what, accel.ErrOutOfMemory, s)
	case notAvailable, invalidDevice, invalidContext, invalidQueue, illegalAccess:
		return fmt.Errorf("%s: %w: %w", what, accel.ErrLost, s)
	}
	return fmt.Errorf("%s: %w", what, s)
}

// checkWork is check for work that was queued and has ended: whatever kept it from
// being done, its results are gone. Drivers report a kernel that crashed as resources
// they ran out of.
func checkWork(what string, ended status) error {
	switch {
	case ended >= 0:
		return nil
	case ended == allocationFailed, ended == outOfHostMemory:
		return check(what, uintptr(ended))
	}
	return fmt.Errorf("%s: %w: %w", what, accel.ErrLost, ended)
}
