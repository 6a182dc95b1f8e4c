package cudatest

import (
	"bytes"
	"fmt"
	"unsafe"

	"ttad/accel/ptx"
)

// Options of cuModuleLoadDataEx, by the numbers of CUjit_option.
const (
	infoLog   = 3
	infoSize  = 4
	errorLog  = 5
	errorSize = 6
)

// logs are the two buffers a caller gave, and their sizes.
type logs struct{ info, fault []byte }

// moduleLoad reads the PTX, which Options.Refuse calls wrong.
func (c *call) moduleLoad() int {
	d := c.double
	l, code := c.logs(c.int(2), c.arg(3), c.arg(4))
	if code != success {
		return code
	}
	defer l.count(c.int(2), c.arg(3), c.arg(4))
	module, err := ptx.Load(cString(uintptr(c.arg(1))))
	if d.options.Refuse && !d.options.Lazy {
		err = fmt.Errorf("%s", d.options.Log)
	}
	if err != nil {
		say(l.fault, err.Error())
		return invalidPTX
	}
	say(l.info, d.options.Log)
	id := d.next()
	c.context.modules[id], c.context.said = module, l.fault
	put(c.arg(0), id)
	return success
}

// logs reads the options: their numbers are ints, their values as wide as pointers.
func (c *call) logs(n int, numbers, values uint64) (l logs, code int) {
	if n == 0 {
		return l, success
	}
	var buffers [2]uint64
	var sizes [2]int
	for i := range n {
		number, value := *at[int32](uintptr(numbers) + uintptr(4*i)), *at[uint64](uintptr(values) + uintptr(8*i))
		switch number {
		case infoLog, errorLog:
			buffers[(number-infoLog)/2] = value
		case infoSize, errorSize:
			sizes[(number-infoSize)/2] = int(uint32(value))
		default:
			c.double.problem("cuModuleLoadDataEx: the double has no option %d", number)
			return l, invalidValue
		}
	}
	for i, to := range []*[]byte{&l.info, &l.fault} {
		if buffers[i] == 0 || sizes[i] == 0 {
			c.double.problem("cuModuleLoadDataEx: a log without memory or without size: what the compiler says would be lost")
			return l, invalidValue
		}
		*to = bytesAt(buffers[i], sizes[i])
	}
	return l, success
}

// count puts what was written in place of the sizes, as the driver does: in the lower
// half of each value, which is an unsigned int.
func (l *logs) count(n int, numbers, values uint64) {
	for i := range n {
		to := at[uint32](uintptr(values) + uintptr(8*i))
		switch *at[int32](uintptr(numbers) + uintptr(4*i)) {
		case infoSize:
			*to = written(l.info)
		case errorSize:
			*to = written(l.fault)
		}
	}
}

// written is how much of a log is text.
func written(log []byte) uint32 { return uint32(max(0, bytes.IndexByte(log, 0))) }

// say writes a C string, cut to what the buffer holds, if there is one.
func say(log []byte, text string) {
	if len(log) == 0 {
		return
	}
	n := copy(log[:len(log)-1], text)
	log[n] = 0
}

func (c *call) moduleUnload() int {
	if c.context.modules[c.arg(0)] == nil {
		c.double.problem("cuModuleUnload: no module %#x: never loaded, or unloaded", c.arg(0))
		return invalidHandle
	}
	delete(c.context.modules, c.arg(0))
	return success
}

func (c *call) moduleFunction() int {
	x := c.context
	module := x.modules[c.arg(1)]
	if module == nil {
		c.double.problem("cuModuleGetFunction: no module %#x", c.arg(1))
		return invalidHandle
	}
	if o := c.double.options; o.Refuse && o.Lazy {
		say(x.said, o.Log)
		return invalidPTX
	}
	k := module.Kernel(cString(uintptr(c.arg(2))))
	if k == nil {
		return notFound
	}
	id := c.double.next()
	x.functions[id] = k
	put(c.arg(0), id)
	return success
}

// functionAttribute knows how many threads a group may have.
func (c *call) functionAttribute() int {
	if c.context.functions[c.arg(2)] == nil || c.int(1) != 0 {
		c.double.problem("cuFuncGetAttribute: attribute %d of function %#x", c.int(1), c.arg(2))
		return invalidValue
	}
	put(c.arg(0), int32(c.context.card.Threads))
	return success
}

// launchKernel checks what a driver takes on trust and queues the kernel.
func (c *call) launchKernel() int {
	d, x := c.double, c.context
	k, s := x.functions[c.arg(0)], x.streams[c.arg(8)]
	if k == nil || s == nil {
		d.problem("cuLaunchKernel: function %#x in stream %#x: one of them was never made, or is gone", c.arg(0), c.arg(8))
		return invalidHandle
	}
	grid := [3]int{c.uint(1), c.uint(2), c.uint(3)}
	block := [3]int{c.uint(4), c.uint(5), c.uint(6)}
	if local := d.all[k.Name].Local; block != local || c.uint(7) != 0 {
		d.problem("cuLaunchKernel: %s in groups of %v and %d bytes of local memory at launch, it is written for %v and 0", k.Name, block, c.uint(7), local)
		return invalidValue
	}
	if grid[0] < 1 || grid[1] < 1 || grid[2] < 1 || grid[0] > 1<<31-1 || grid[1] > 65535 || grid[2] > 65535 {
		d.problem("cuLaunchKernel: %s over a grid of %v groups", k.Name, grid)
		return invalidValue
	}
	params, ok := c.params(k)
	if !ok {
		return invalidValue
	}
	s.launch(d, k, grid, block, params)
	return success
}

func (c *call) uint(i int) int { return int(uint32(c.arg(i))) }

// params reads the arguments out of the buffer that the call's extra options name.
func (c *call) params(k *ptx.Kernel) ([]uint64, bool) {
	d := c.double
	buffer, bytes, ok := extra(c.arg(10))
	want := 0
	if n := len(k.Params); n > 0 {
		want = k.Params[n-1].Offset + k.Params[n-1].Bytes
	}
	if !ok || c.arg(9) != 0 || bytes != want || buffer%8 != 0 {
		d.problem("cuLaunchKernel: %s gets %d bytes of arguments at %#x, it takes %d, aligned to 8", k.Name, bytes, buffer, want)
		return nil, false
	}
	params := make([]uint64, len(k.Params))
	for i, p := range k.Params {
		at := unsafe.Slice(at[byte](uintptr(buffer)+uintptr(p.Offset)), p.Bytes)
		for b := range at {
			params[i] |= uint64(at[b]) << (8 * b)
		}
		if p.Bytes == 8 && !c.context.memory[params[i]] {
			d.problem("cuLaunchKernel: argument %d of %s is %#x, which is no memory", i, k.Name, params[i])
			return nil, false
		}
	}
	return params, true
}

// extra reads pairs of a kind and a value, up to a kind of 0: 1 is the buffer, 2 points
// to its size.
func extra(list uint64) (buffer uint64, bytes int, ok bool) {
	for i := uintptr(0); list != 0 && i < 3; i++ {
		kind, value := *at[uint64](uintptr(list) + 16*i), at[uint64](uintptr(list)+16*i+8)
		switch kind {
		case 0:
			return buffer, bytes, buffer != 0 && bytes > 0
		case 1:
			buffer = *value
		case 2:
			bytes = int(*at[uint64](uintptr(*value)))
		default:
			return 0, 0, false
		}
	}
	return 0, 0, false
}
