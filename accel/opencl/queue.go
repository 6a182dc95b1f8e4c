package opencl

import (
	"fmt"
	"math"
	"unsafe"

	"ttad/accel/dynlib"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// queue is a command queue, which runs in order, with kernel objects of its own. It
// has one owner, so that the space for arguments can be its own, too.
type queue struct {
	*driver
	id      uintptr
	kernels map[string]uintptr
	// What calls are given and what they point to, here so that a launch allocates
	// nothing.
	call   [9]uintptr
	cell   uint64
	global [3]uintptr
	local  [3]uintptr
}

// NewQueue opens a queue.
func (d *driver) NewQueue() (launch.Queue, error) {
	id, err := create("create queue", d.createQueue, d.context, d.device, 0)
	if err != nil {
		return nil, err
	}
	return &queue{driver: d, id: id, kernels: map[string]uintptr{}}, nil
}

// Write queues a copy to the device.
func (q *queue) Write(dst launch.Memory, src []float32) error {
	return q.copy("write", q.enqueueWrite, dst, src)
}

// Read queues a copy from the device.
func (q *queue) Read(dst []float32, src launch.Memory) error {
	return q.copy("read", q.enqueueRead, src, dst)
}

// copy queues a copy of all of host, which nobody waits for.
func (q *queue) copy(what string, f dynlib.Func, m launch.Memory, host []float32) error {
	if len(host) == 0 {
		return nil
	}
	q.call = [9]uintptr{q.id, uintptr(m), 0, 0, uintptr(len(host)) * 4, uintptr(unsafe.Pointer(&host[0])), 0, 0, 0}
	if code := f.Call(q.call[:]...); int32(code) != 0 {
		return check(fmt.Sprintf("%s %d floats", what, len(host)), code)
	}
	return nil
}

// Launch sets every argument every time: a launch without some would quietly run with
// those of the last.
func (q *queue) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	if len(args) != len(k.Params) {
		return fmt.Errorf("launch kernel %s: %d arguments for %d parameters", k.Name, len(args), len(k.Params))
	}
	id, err := q.kernel(k.Name)
	if err != nil {
		return err
	}
	for i, p := range k.Params {
		if err := q.set(id, i, p, args[i]); err != nil {
			return fmt.Errorf("launch kernel %s: parameter %s: %w", k.Name, p.Name, err)
		}
	}
	for i, n := range groups {
		q.local[i], q.global[i] = uintptr(k.Local[i]), uintptr(n*k.Local[i])
	}
	q.call = [9]uintptr{q.id, id, 3, 0, uintptr(unsafe.Pointer(&q.global)), uintptr(unsafe.Pointer(&q.local)), 0, 0, 0}
	if code := q.enqueueKernel.Call(q.call[:]...); int32(code) != 0 {
		return check(fmt.Sprintf("launch kernel %s over %v groups of %v", k.Name, groups, k.Local), code)
	}
	return nil
}

// set gives a kernel one argument, which the driver copies.
func (q *queue) set(kernel uintptr, i int, p kernels.Param, a launch.Arg) error {
	size := uintptr(4)
	switch p.Type {
	case kernels.Memory:
		if a.Memory == 0 {
			return fmt.Errorf("no memory")
		}
		q.cell, size = uint64(a.Memory), 8
	case kernels.Int:
		q.cell = uint64(uint32(a.Int))
	case kernels.Float:
		q.cell = uint64(math.Float32bits(a.Float))
	}
	q.call[0], q.call[1], q.call[2], q.call[3] = kernel, uintptr(i), size, uintptr(unsafe.Pointer(&q.cell))
	if code := q.setKernelArg.Call(q.call[:4]...); int32(code) != 0 {
		return check("set argument", code)
	}
	return nil
}

// kernel returns the queue's object of a kernel, made at its first launch.
func (q *queue) kernel(name string) (uintptr, error) {
	if id, ok := q.kernels[name]; ok {
		return id, nil
	}
	cName := append([]byte(name), 0)
	id, err := create("create kernel "+name, q.createKernel, q.program, uintptr(unsafe.Pointer(&cName[0])))
	if err == nil {
		q.kernels[name] = id
	}
	return id, err
}

// Mark queues a marker and starts what is queued.
func (q *queue) Mark() (launch.Mark, error) {
	m := &mark{api: q.api}
	if err := check("set mark", q.enqueueMarker.Call(q.id, 0, 0, uintptr(unsafe.Pointer(&m.event)))); err != nil {
		return nil, err
	}
	if err := check("start queue", q.flush.Call(q.id)); err != nil {
		q.dropMark.Call(m.event)
		return nil, err
	}
	return m, nil
}

// Close waits for what is queued and closes the queue.
func (q *queue) Close() error {
	err := check("finish queue", q.finish.Call(q.id))
	for name, id := range q.kernels {
		if released := check("release kernel "+name, q.releaseKernel.Call(id)); err == nil {
			err = released
		}
	}
	if released := check("close queue", q.releaseQueue.Call(q.id)); err == nil {
		err = released
	}
	return err
}

// mark is the event of a marker.
type mark struct {
	*api
	event  uintptr
	status int32
}

// Done asks how far the marker is.
func (m *mark) Done() (bool, error) {
	err := check("ask for mark", m.getEventInfo.Call(m.event, eventStatus, 4, uintptr(unsafe.Pointer(&m.status)), 0))
	if err == nil {
		err = checkWork("run what was queued", status(m.status))
	}
	return err != nil || m.status == eventComplete, err
}

// Release forgets the event.
func (m *mark) Release() error { return check("release mark", m.dropMark.Call(m.event)) }
