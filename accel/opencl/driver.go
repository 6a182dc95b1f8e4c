package opencl

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"ttad/accel"
	"ttad/accel/dynlib"
	"ttad/accel/launch"
)

// driver is an open device: a context with the kernels built for it. It is safe for
// concurrent use, OpenCL being so but for kernel objects, of which each queue has its
// own.
type driver struct {
	*api
	info    accel.Info
	limits  launch.Limits
	device  uintptr
	context uintptr
	program uintptr
	// chores is a queue for what belongs to none: making memory real, mapping it.
	chores uintptr

	mu   sync.Mutex
	host map[uintptr]uintptr // memory object of each piece of host memory, by address
}

// processorPatience is for kernels that are made for cards: a processor takes minutes
// for a large batch of images.
const processorPatience = 15 * time.Minute

// newDriver opens a device that was found. Its error is a *accel.BuildError if the
// device's compiler does not take the source of the kernels.
func newDriver(a *api, e entry, source string) (_ *driver, err error) {
	d := &driver{api: a, info: e.Info, device: e.id, host: map[uintptr]uintptr{}}
	d.limits = launch.Limits{AllocBytes: int64(a.number(e.id, deviceAllocBytes)), Exact: e.floats&floatsExact != 0}
	if e.Info.Type == "cpu" {
		d.limits.Patience = processorPatience
	}
	defer func() {
		if err != nil {
			_ = d.Close() // what was opened; the first error tells
		}
	}()
	ids := []uintptr{e.id}
	if d.context, err = create("create context", a.createContext, 0, 1, uintptr(unsafe.Pointer(&ids[0])), 0, 0); err != nil {
		return nil, err
	}
	if d.chores, err = create("create queue", a.createQueue, d.context, d.device, 0); err != nil {
		return nil, err
	}
	if d.program, err = d.build(source); err != nil {
		return nil, err
	}
	return d, nil
}

// Info describes the device.
func (d *driver) Info() accel.Info { return d.info }

// Limits are what the device reports of itself.
func (d *driver) Limits() launch.Limits { return d.limits }

// Alloc makes memory, and has the device find room for it now: drivers put that off
// until a kernel needs it, when nobody can answer for want of memory any more.
func (d *driver) Alloc(bytes int) (launch.Memory, error) {
	what := fmt.Sprintf("allocate %d bytes", bytes)
	m, err := create(what, d.createBuffer, d.context, memoryReadWrite, uintptr(bytes), 0)
	if err != nil {
		return 0, err
	}
	objects := []uintptr{m}
	err = check(what, d.migrateMemory.Call(d.chores, 1, uintptr(unsafe.Pointer(&objects[0])), migrateWithoutValues, 0, 0, 0))
	if err == nil {
		err = check(what, d.finish.Call(d.chores))
	}
	if err != nil {
		d.releaseMemory.Call(m)
		return 0, err
	}
	return launch.Memory(m), nil
}

// Free gives memory back.
func (d *driver) Free(m launch.Memory) error {
	return check("free memory", d.releaseMemory.Call(uintptr(m)))
}

// HostAlloc maps memory that the driver keeps where its device copies from at full
// speed; that is the portable way to pinned memory.
func (d *driver) HostAlloc(floats int) ([]float32, error) {
	bytes := uintptr(floats) * 4
	what := fmt.Sprintf("allocate %d bytes of host memory", bytes)
	m, err := create(what, d.createBuffer, d.context, memoryReadWrite|memoryOnHost, bytes, 0)
	if err != nil {
		return nil, err
	}
	address, err := create(what, d.mapBuffer, d.chores, m, 1, mapReadWrite, 0, bytes, 0, 0, 0)
	if err != nil {
		d.releaseMemory.Call(m)
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.host[address] = m
	return dynlib.Floats(address, floats), nil
}

// HostFree gives host memory back.
func (d *driver) HostFree(p []float32) error {
	address := uintptr(unsafe.Pointer(unsafe.SliceData(p)))
	d.mu.Lock()
	m, ok := d.host[address]
	delete(d.host, address)
	d.mu.Unlock()
	if !ok {
		return fmt.Errorf("free host memory: %d floats that are none of this device's, or were freed before", len(p))
	}
	err := check("unmap host memory", d.unmapMemory.Call(d.chores, m, address, 0, 0, 0))
	if err == nil {
		err = check("unmap host memory", d.finish.Call(d.chores))
	}
	if released := check("free host memory", d.releaseMemory.Call(m)); err == nil {
		err = released
	}
	return err
}

// Close gives back what newDriver opened, last first.
func (d *driver) Close() error {
	var first error
	for _, o := range []struct {
		release dynlib.Func
		object  *uintptr
	}{{d.releaseProgram, &d.program}, {d.releaseQueue, &d.chores}, {d.releaseContext, &d.context}} {
		if *o.object == 0 {
			continue
		}
		if err := check("close device", o.release.Call(*o.object)); err != nil && first == nil {
			first = err
		}
		*o.object = 0
	}
	return first
}
