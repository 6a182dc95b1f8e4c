package cuda

import (
	"encoding/binary"
	"fmt"
	"math"

	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// work is what a command does.
type work uint8

const (
	copyToDevice work = iota
	copyToHost
	launchKernel
	multiply
	recordEvent
)

// command is a piece of work of a queue.
type command struct {
	what     work
	device   uintptr // of a copy
	host     uintptr // of a copy; where the packed arguments of a launch lie
	bytes    int     // of a copy, or of the arguments
	event    uintptr
	kernel   *kernels.Kernel
	function uintptr
	groups   [3]int
	gemm     gemm
}

// batch is work that is handed to the thread together. It is the owner's until then,
// and again once it is done.
type batch struct {
	queue    *queue
	commands []command
	args     []byte // of launches, pinned; used of it are taken
	used     int
	// extra tells the library where a launch's arguments are: pairs of a kind and a
	// value, the second a pointer to size.
	extra []uint64
	size  []uint64
	// factors is where a product's two are read from.
	factors []byte
	run     func() // on the thread
	done    chan struct{}
	out     bool // handed over
}

// argBytes is room for the arguments of as many launches as a batch holds.
const argBytes = flushAt * 256

// Kinds of cuLaunchKernel's extra argument.
const (
	extraEnd    = 0
	extraBuffer = 1
	extraSize   = 2
)

func newBatch(q *queue) *batch {
	b := &batch{
		queue: q, commands: make([]command, 0, flushAt), args: pinned(&q.pin, argBytes),
		extra: words64(pinned(&q.pin, 5*8)), size: words64(pinned(&q.pin, 8)), factors: pinned(&q.pin, 8), done: make(chan struct{}, 1),
	}
	copy(b.extra, []uint64{extraBuffer, 0, extraSize, uint64(pointer(&b.size[0])), extraEnd})
	b.run = b.execute
	return b
}

// holds says whether the arguments of one more launch fit in.
func (b *batch) holds(params []kernels.Param) bool { return b.used+8*(len(params)+1) <= len(b.args) }

// pack puts arguments one behind the other as a kernel takes them, each at a multiple
// of its size, and says where they are and how many bytes.
func (b *batch) pack(params []kernels.Param, args []launch.Arg) (at uintptr, bytes int) {
	b.used = (b.used + 7) &^ 7
	to := b.args[b.used:]
	for i, p := range params {
		switch p.Type {
		case kernels.Memory:
			bytes = (bytes + 7) &^ 7
			binary.NativeEndian.PutUint64(to[bytes:], uint64(args[i].Memory))
			bytes += 8
		case kernels.Int:
			binary.NativeEndian.PutUint32(to[bytes:], uint32(args[i].Int))
			bytes += 4
		case kernels.Float:
			binary.NativeEndian.PutUint32(to[bytes:], math.Float32bits(args[i].Float))
			bytes += 4
		}
	}
	b.used += bytes
	return address(to), bytes
}

// execute makes the calls, up to the first that fails.
func (b *batch) execute() {
	d := b.queue.driver
	for i := range b.commands {
		if b.queue.halted() {
			break
		}
		if err := d.guard(func() error { return b.call(&b.commands[i]) }); err != nil {
			b.queue.fail(err)
		}
	}
	b.done <- struct{}{}
}

// wait is for the thread to be done with the batch, which is empty then.
func (b *batch) wait() {
	if b.out {
		<-b.done
	}
	b.out, b.used, b.commands = false, 0, b.commands[:0]
}

// call makes the call of a command.
func (b *batch) call(c *command) error {
	l, stream := b.queue.driver.lib, b.queue.stream
	switch c.what {
	case copyToDevice:
		return l.check("cuMemcpyHtoDAsync_v2", l.copyToDevice.Call(c.device, c.host, uintptr(c.bytes), stream))
	case copyToHost:
		return l.check("cuMemcpyDtoHAsync_v2", l.copyToHost.Call(c.host, c.device, uintptr(c.bytes), stream))
	case multiply:
		return b.multiply(&c.gemm)
	case recordEvent:
		return l.check("cuEventRecord", l.eventRecord.Call(c.event, stream))
	}
	b.extra[1], b.size[0] = uint64(c.host), uint64(c.bytes)
	local := c.kernel.Local
	err := l.check("cuLaunchKernel", l.launchKernel.Call(c.function,
		uintptr(c.groups[0]), uintptr(c.groups[1]), uintptr(c.groups[2]),
		uintptr(local[0]), uintptr(local[1]), uintptr(local[2]),
		0, stream, 0, pointer(&b.extra[0])))
	if err != nil {
		return fmt.Errorf("launch %s over %v groups: %w", c.kernel.Name, c.groups, err)
	}
	return nil
}
