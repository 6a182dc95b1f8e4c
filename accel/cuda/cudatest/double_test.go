package cudatest

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
)

// program calls the driver the way no program should, from threads of its choice.
type program struct {
	*Double
	t      *testing.T
	thread int64
	out    *uint64 // what calls give out
	stream uint64
	fill   uint64 // a kernel
	device uint64 // 64 bytes of the card
	host   uint64 // 64 bytes that are page-locked
	kept   []any  // what calls were told the address of
}

// newProgram has one of everything.
func newProgram(t *testing.T, o Options) *program {
	t.Helper()
	p := &program{Double: New(t, o), t: t, thread: 1, out: new(uint64)}
	p.call("cuInit", 0)
	context := p.make("cuCtxCreate_v2", 0, p.make("cuDeviceGet", 0))
	image, name := append([]byte(kernels.PTX()), 0), []byte("fill\x00")
	module := p.make("cuModuleLoadDataEx", ref(p, &image[0]), 0, 0, 0)
	p.fill = p.make("cuModuleGetFunction", module, ref(p, &name[0]))
	p.stream = p.make("cuStreamCreate", nonBlocking)
	p.device, p.host = p.make("cuMemAlloc_v2", 64), p.make("cuMemAllocHost_v2", 64)
	t.Cleanup(func() {
		p.thread = 1
		p.call("cuStreamDestroy_v2", p.stream)
		p.call("cuMemFree_v2", p.device)
		p.call("cuMemFreeHost", p.host)
		p.call("cuModuleUnload", module)
		p.call("cuCtxDestroy_v2", context)
	})
	return p
}

// ref is where a value lies, which the program then keeps.
func ref[T any](p *program, v *T) uint64 {
	p.kept = append(p.kept, v)
	return uint64(uintptr(unsafe.Pointer(v)))
}

func (p *program) call(name string, args ...uint64) int {
	var a [maxArgs]uint64
	copy(a[:], args)
	return p.handle(name, p.thread, &a)
}

// make is a call whose first argument receives what it makes.
func (p *program) make(name string, args ...uint64) uint64 {
	p.t.Helper()
	*p.out = 0
	require.Zero(p.t, p.call(name, append([]uint64{ref(p, p.out)}, args...)...), name)
	return *p.out
}

// launch calls the kernel with a buffer of arguments.
func (p *program) launch(grid, block uint64, arguments []uint64, bytes uint64) int {
	extra := []uint64{1, ref(p, &arguments[0]), 2, ref(p, &bytes), 0}
	return p.call("cuLaunchKernel", p.fill, grid, 1, 1, block, 1, 1, 0, p.stream, 0, ref(p, &extra[0]))
}

// ones are the arguments that fill n floats with 1.
func (p *program) ones(n uint64) []uint64 { return []uint64{p.device, n | 0x3f800000<<32} }

// Each of these is a problem, and the test of a program that did it fails.
func TestWhatADriverWouldLetPass(t *testing.T) {
	tests := []struct {
		name string
		do   func(p *program) int
		code int
		says string
	}{
		{"a thread without a context", func(p *program) int { p.thread = 2; return p.call("cuMemFree_v2", p.device) }, invalidContext, "cuMemFree_v2: from a thread without a context"},
		{"memory freed twice", func(p *program) int {
			m := p.make("cuMemAlloc_v2", 4)
			p.call("cuMemFree_v2", m)
			return p.call("cuMemFree_v2", m)
		}, invalidValue, "never allocated, or freed before"},
		{"host memory freed twice", func(p *program) int {
			m := p.make("cuMemAllocHost_v2", 4)
			p.call("cuMemFreeHost", m)
			return p.call("cuMemFreeHost", m)
		}, invalidValue, "no page-locked memory"},
		{"memory freed under work", func(p *program) int {
			m := p.make("cuMemAlloc_v2", 64)
			p.call("cuMemcpyHtoDAsync_v2", m, p.host, 64, p.stream)
			code := p.call("cuMemFree_v2", m)
			p.double().streams[p.stream].queue = nil
			return code
		}, success, "work that is queued uses memory"},
		{"host memory freed under work", func(p *program) int {
			m := p.make("cuMemAllocHost_v2", 64)
			p.call("cuMemcpyDtoHAsync_v2", m, p.device, 64, p.stream)
			code := p.call("cuMemFreeHost", m)
			p.double().streams[p.stream].queue = nil
			return code
		}, success, "work that is queued uses the memory"},
		{"a source that changes", func(p *program) int {
			p.call("cuMemcpyHtoDAsync_v2", p.device, p.host, 64, p.stream)
			floatsAt(p.host, 16)[3]++
			return p.call("cuStreamSynchronize", p.stream)
		}, success, "the host changed 64 bytes before they were copied"},
		{"memory of Go", func(p *program) int {
			return p.call("cuMemcpyHtoDAsync_v2", p.device, ref(p, p.out), 4, p.stream)
		}, invalidValue, "want page-locked memory"},
		{"more than the host has", func(p *program) int {
			return p.call("cuMemcpyDtoHAsync_v2", p.host, p.device, 68, p.stream)
		}, invalidValue, "page-locked memory"},
		{"a stream for an event", func(p *program) int { return p.call("cuEventQuery", p.stream) }, invalidHandle, "no event"},
		{"a kernel for a stream", func(p *program) int { return p.call("cuStreamSynchronize", p.fill) }, invalidHandle, "no stream"},
		{"an index for a device", func(p *program) int { return p.call("cuDeviceTotalMem_v2", ref(p, p.out), 0) }, invalidDevice, "device 0 was never given out"},
		{"too few bytes of arguments", func(p *program) int { return p.launch(1, 256, p.ones(16), 12) }, invalidValue, "gets 12 bytes of arguments"},
		{"an argument that is no memory", func(p *program) int { return p.launch(1, 256, []uint64{p.device + 4, 1}, 16) }, invalidValue, "which is no memory"},
		{"groups of another size", func(p *program) int { return p.launch(1, 128, p.ones(16), 16) }, invalidValue, "it is written for [256 1 1]"},
		{"a grid of nothing", func(p *program) int { return p.launch(0, 256, p.ones(16), 16) }, invalidValue, "grid of [0 1 1]"},
		{"a log without memory", func(p *program) int {
			options, values, image := []int32{errorLog}, []uint64{0}, []byte{0}
			return p.call("cuModuleLoadDataEx", ref(p, p.out), ref(p, &image[0]), 1, ref(p, &options[0]), ref(p, &values[0]))
		}, invalidValue, "a log without memory"},
		{"a stream with flags of something else", func(p *program) int { return p.call("cuStreamCreate", ref(p, p.out), 2) }, invalidValue, "cuStreamCreate: flags 0x2"},
		{"an event that keeps time", func(p *program) int { return p.call("cuEventCreate", ref(p, p.out), 1) }, invalidValue, "cuEventCreate: flags 0x1"},
		{"a context with flags of something else", func(p *program) int {
			return p.call("cuCtxCreate_v2", ref(p, p.out), 0x100, firstDevice)
		}, invalidValue, "cuCtxCreate_v2: flags 0x100"},
		{"a kernel that leaves its memory", func(p *program) int {
			require.Zero(p.t, p.launch(1, 256, p.ones(17), 16))
			code := p.call("cuStreamSynchronize", p.stream)
			require.Equal(p.t, code, p.call("cuMemFree_v2", p.device), "the context is broken for good")
			return code
		}, illegalAddress, "kernel fill, block [0 0 0], thread [16 0 0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProgram(t, Options{})
			require.Equal(t, tt.code, tt.do(p))
			problems := p.Problems()
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], tt.says)
		})
	}
}

// The driver writes over the sizes it was given.
func TestHowMuchTheCompilerWroteStandsInPlaceOfTheSizes(t *testing.T) {
	p := newProgram(t, Options{Log: "63 registers"})
	info, fault := make([]byte, 64), make([]byte, 64)
	numbers := []int32{infoLog, infoSize, errorLog, errorSize}
	values := []uint64{ref(p, &info[0]), 64, ref(p, &fault[0]), 64}
	image := append([]byte(kernels.PTX()), 0)
	module := p.make("cuModuleLoadDataEx", ref(p, &image[0]), 4, ref(p, &numbers[0]), ref(p, &values[0]))
	require.Equal(t, []uint64{12, 0}, []uint64{values[1], values[3]})
	require.Zero(t, p.call("cuModuleUnload", module))
}

// A context that a kernel broke may be the last one of its process.
func TestTheOnlyContextOfAProcess(t *testing.T) {
	p := newProgram(t, Options{OneLife: true})
	require.Zero(t, p.launch(1, 256, p.ones(17), 16))
	require.Equal(t, illegalAddress, p.call("cuStreamSynchronize", p.stream))
	require.Equal(t, illegalAddress, p.call("cuCtxCreate_v2", ref(p, p.out), 0, firstDevice))
	require.Len(t, p.Problems(), 1)
}

// double is the program's context.
func (p *program) double() *context { return p.current[1] }

func TestNothingWorksBeforeTheLibraryIsStarted(t *testing.T) {
	d := New(t, Options{})
	var args [maxArgs]uint64
	require.Equal(t, notInitialized, d.handle("cuDeviceGetCount", 1, &args))
	require.Equal(t, []string{"cuDeviceGetCount: before cuInit"}, d.Problems())
}

func TestWhatIsLeftInAContext(t *testing.T) {
	d := New(t, Options{})
	p := &program{Double: d, t: t, thread: 1, out: new(uint64)}
	p.call("cuInit", 0)
	context := p.make("cuCtxCreate_v2", 0, p.make("cuDeviceGet", 0))
	p.make("cuMemAlloc_v2", 4)
	p.make("cuEventCreate", 2)
	p.make("cuEventCreate", 2)
	require.Zero(t, p.call("cuCtxDestroy_v2", context))
	require.Equal(t, []string{"cuCtxDestroy_v2: left behind: 2 events, 1 pieces of device memory"}, d.Problems())
	require.Zero(t, d.Used())
}

// Whoever looks too early finds what nobody takes for a result.
func TestWorkWaitsForSomebodyToAsk(t *testing.T) {
	p := newProgram(t, Options{})
	event := p.make("cuEventCreate", 2)
	require.Zero(t, p.launch(1, 256, p.ones(16), 16))
	require.Zero(t, p.call("cuMemcpyDtoHAsync_v2", p.host, p.device, 64, p.stream))
	require.Zero(t, p.call("cuEventRecord", event, p.stream))
	require.Equal(t, bits(notYet), bits(floatsAt(p.host, 16)[7]))
	require.Equal(t, notReady, p.call("cuEventQuery", event))
	require.Equal(t, bits(notYet), bits(floatsAt(p.host, 16)[7]))
	require.Zero(t, p.call("cuEventQuery", event))
	require.Equal(t, float32(1), floatsAt(p.host, 16)[7])
	require.Zero(t, p.call("cuEventDestroy_v2", event))
	require.Empty(t, p.Problems())
}

func TestMemoryIsTheCardsNotTheContexts(t *testing.T) {
	p := newProgram(t, Options{Cards: []Card{{Memory: 100}}})
	require.Equal(t, outOfMemory, p.call("cuMemAlloc_v2", ref(p, p.out), 37))
	m := p.make("cuMemAlloc_v2", 36)
	require.EqualValues(t, 100, p.Used())
	require.Zero(t, p.call("cuMemFree_v2", m))
}
