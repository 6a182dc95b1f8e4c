package cudatest

import "strings"

// Codes of CUresult that the double gives by itself.
const (
	success          = 0
	invalidValue     = 1
	outOfMemory      = 2
	notInitialized   = 3
	unavailable      = 46
	noDevice         = 100
	invalidDevice    = 101
	invalidContext   = 201
	invalidPTX       = 218
	invalidHandle    = 400
	notFound         = 500
	notReady         = 600
	illegalAddress   = 700
	invalidCall      = 999 // of no function of the library: cannot happen
	launchFailed     = 719
	firstStickyError = 700
)

// codes are what the library calls its codes, and says of them.
func codes() map[int][2]string {
	return map[int][2]string{
		invalidValue:   {"CUDA_ERROR_INVALID_VALUE", "invalid argument"},
		outOfMemory:    {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
		notInitialized: {"CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
		unavailable:    {"CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
		noDevice:       {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
		invalidDevice:  {"CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
		invalidContext: {"CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
		214:            {"CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
		invalidPTX:     {"CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
		221:            {"CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found"},
		222:            {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."},
		invalidHandle:  {"CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
		notFound:       {"CUDA_ERROR_NOT_FOUND", "named symbol not found"},
		notReady:       {"CUDA_ERROR_NOT_READY", "device not ready"},
		illegalAddress: {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
		702:            {"CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
		launchFailed:   {"CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
		999:            {"CUDA_ERROR_UNKNOWN", "unknown error"},
	}
}

// call is a call on its way.
type call struct {
	double  *Double
	thread  int64
	args    *[maxArgs]uint64
	context *context // of the thread; nil where the function needs none
}

func (c *call) arg(i int) uint64 { return c.args[i] }

// int is an argument that C has as an int, whose upper half means nothing.
func (c *call) int(i int) int { return int(int32(c.args[i])) }

// need is what must have happened before a call.
type need uint8

const (
	nothing need = iota
	started      // cuInit
	current      // a context of the thread
)

// function is one of the library's.
type function struct {
	need need
	do   func(c *call) int
}

func functions() map[string]function {
	return map[string]function{
		"cuInit": {nothing, (*call).init}, "cuDriverGetVersion": {nothing, (*call).version},
		"cuGetErrorName":   {nothing, func(c *call) int { return c.say(0) }},
		"cuGetErrorString": {nothing, func(c *call) int { return c.say(1) }},

		"cuDeviceGetCount": {started, (*call).deviceCount}, "cuDeviceGet": {started, (*call).deviceGet},
		"cuDeviceGetName": {started, (*call).deviceName}, "cuDeviceTotalMem_v2": {started, (*call).deviceMemory},
		"cuDeviceGetAttribute": {started, (*call).deviceAttribute},

		"cuCtxCreate_v2": {started, (*call).contextCreate}, "cuCtxDestroy_v2": {started, (*call).contextDestroy},

		"cuModuleLoadDataEx": {current, (*call).moduleLoad}, "cuModuleUnload": {current, (*call).moduleUnload},
		"cuModuleGetFunction": {current, (*call).moduleFunction}, "cuFuncGetAttribute": {current, (*call).functionAttribute},

		"cuMemAlloc_v2": {current, (*call).memAlloc}, "cuMemFree_v2": {current, (*call).memFree},
		"cuMemGetInfo_v2": {current, (*call).memInfo}, "cuMemAllocHost_v2": {current, (*call).hostAlloc},
		"cuMemFreeHost": {current, (*call).hostFree},

		"cuStreamCreate": {current, (*call).streamCreate}, "cuStreamDestroy_v2": {current, (*call).streamDestroy},
		"cuStreamSynchronize": {current, (*call).streamSynchronize},
		"cuEventCreate":       {current, (*call).eventCreate}, "cuEventDestroy_v2": {current, (*call).eventDestroy},
		"cuEventRecord": {current, (*call).eventRecord}, "cuEventQuery": {current, (*call).eventQuery},

		"cuMemcpyHtoDAsync_v2": {current, (*call).copyToDevice}, "cuMemcpyDtoHAsync_v2": {current, (*call).copyToHost},
		"cuLaunchKernel": {current, (*call).launchKernel},
	}
}

// handle answers a call of the library.
func (d *Double) handle(name string, thread int64, args *[maxArgs]uint64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.functions[name]
	if !ok {
		d.problem("%s: the double has no such function", name)
		return invalidCall
	}
	d.calls[name]++
	c := &call{double: d, thread: thread, args: args}
	if code := c.allowed(name, f.need); code != success {
		return code
	}
	if code := d.injected(name); code != success {
		if c.context != nil && code >= firstStickyError {
			c.context.broken = code
		}
		if c.context != nil && code == blasExecutionFailed && strings.HasPrefix(name, "cublas") {
			c.context.broken = launchFailed
		}
		return code
	}
	return f.do(c)
}

// allowed says whether the call may be made now, from this thread.
func (c *call) allowed(name string, n need) int {
	d := c.double
	if n >= started && !d.started {
		d.problem("%s: before cuInit", name)
		return notInitialized
	}
	if n < current {
		return success
	}
	if c.context = d.current[c.thread]; c.context == nil {
		d.problem("%s: from a thread without a context", name)
		return invalidContext
	}
	if d.unplug != 0 && c.context.broken == 0 {
		c.context.broken = d.unplug
	}
	return c.context.broken
}

// injected is the code a call fails with because the test wants it so. A context can
// always be destroyed.
func (d *Double) injected(name string) int {
	for i := range d.faults {
		f := &d.faults[i]
		if f.call != name && (f.call != "" || name == "cuCtxDestroy_v2") {
			continue
		}
		if f.left > 0 {
			f.left--
			continue
		}
		return f.code
	}
	return success
}

func (c *call) init() int {
	d := c.double
	if d.options.Init != success {
		return d.options.Init
	}
	if c.int(0) != 0 {
		d.problem("cuInit: flags %d, want 0", c.int(0))
		return invalidValue
	}
	if d.unplug != 0 || len(d.cards) == 0 {
		return noDevice
	}
	d.started = true
	return success
}

func (c *call) version() int {
	put(c.arg(0), int32(c.double.options.Version))
	return success
}

// say tells the name of a code or what it means.
func (c *call) say(which int) int {
	text, ok := codes()[c.int(0)]
	if !ok {
		put(c.arg(1), uint64(0))
		return invalidValue
	}
	put(c.arg(1), c.double.text(text[which]))
	return success
}
