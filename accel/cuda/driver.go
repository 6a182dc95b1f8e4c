package cuda

import (
	"errors"
	"fmt"
	"sync"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/dynlib"
	"ttad/accel/launch"
)

// driver is a card with a context of its own: what others in this process do to the
// card breaks theirs. It is safe for concurrent use.
type driver struct {
	thread    *thread
	lib       *library
	card      card
	context   uintptr
	module    uintptr
	functions map[string]uintptr // by kernel
	blas      *blas              // nil where kernels do all the work

	mu   sync.Mutex
	lost error // why the context is of no use any more
}

// open makes the context and loads the kernels into it. It runs on the thread.
func open(c Config, log zerolog.Logger) (*driver, error) {
	lib, err := load(c.Library)
	if err != nil {
		return nil, err
	}
	d := &driver{lib: lib}
	if d.card, err = lib.find(c.Index); err != nil {
		lib.close()
		return nil, err
	}
	if d.context, err = lib.handle("cuCtxCreate_v2", lib.ctxCreate, 0, d.card.ref); err != nil {
		lib.close()
		return nil, d.card.taken(err)
	}
	if err := d.load(c, log); err != nil {
		return nil, errors.Join(err, d.unload())
	}
	return d, nil
}

// taken is the error of a context with its reason, where that is another process.
func (c *card) taken(err error) error {
	if errors.Is(err, accel.ErrOutOfMemory) {
		return fmt.Errorf("card %d, %s, has no memory left for another process, which takes some hundred MB (nvidia-smi lists who has it): %w", c.info.Index, c.info.Name, err)
	}
	if c.mode == modeExclusive {
		return fmt.Errorf("card %d, %s, is in exclusive-process mode and another process has it, or this one has already (nvidia-smi lists it; -c DEFAULT lets several): %w", c.info.Index, c.info.Name, err)
	}
	return fmt.Errorf("open card %d, %s: %w", c.info.Index, c.info.Name, err)
}

// Info describes the card.
func (d *driver) Info() accel.Info { return d.card.info }

// Limits has no bound of an allocation but memory: there is none.
func (d *driver) Limits() launch.Limits {
	return launch.Limits{AllocBytes: d.card.info.Memory, Exact: true}
}

// Alloc returns device memory, aligned to 256 bytes.
func (d *driver) Alloc(bytes int) (launch.Memory, error) {
	var at uintptr
	err := d.do(func() (err error) {
		at, err = d.lib.handle("cuMemAlloc_v2", d.lib.memAlloc, uintptr(bytes))
		return d.room(err, bytes)
	})
	return launch.Memory(at), err
}

// room adds to an error of memory what was wanted, and what there is.
func (d *driver) room(err error, bytes int) error {
	if !errors.Is(err, accel.ErrOutOfMemory) {
		return err
	}
	free, total, infoErr := d.lib.memory()
	if infoErr != nil {
		return fmt.Errorf("%d bytes: %w", bytes, err)
	}
	return fmt.Errorf("%d bytes, of %d free on a card of %d: %w", bytes, free, total, err)
}

// Free gives device memory back. That of a lost card went with its context.
func (d *driver) Free(m launch.Memory) error {
	return d.give("cuMemFree_v2", func() uintptr { return d.lib.memFree.Call(uintptr(m)) })
}

// HostAlloc returns page-locked memory.
func (d *driver) HostAlloc(floats int) ([]float32, error) {
	var at uintptr
	err := d.do(func() (err error) {
		at, err = d.lib.handle("cuMemAllocHost_v2", d.lib.hostAlloc, uintptr(4*floats))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("page-locked host memory of %d floats: %w", floats, err)
	}
	return dynlib.Floats(at, floats), nil
}

// HostFree gives memory of HostAlloc back.
func (d *driver) HostFree(memory []float32) error {
	return d.give("cuMemFreeHost", func() uintptr { return d.lib.hostFree.Call(pointer(&memory[0])) })
}

// Close destroys the context, with whatever a lost card left in it, and ends the
// thread.
func (d *driver) Close() error {
	err := d.thread.do(d.unload)
	d.thread.stop()
	return err
}

// unload is Close on the thread. That a lost context gives errors is no news.
func (d *driver) unload() error {
	defer d.lib.close()
	var errs []error
	if d.module != 0 && d.broken() == nil {
		errs = append(errs, d.lib.check("cuModuleUnload", d.lib.moduleUnload.Call(d.module)))
	}
	err := d.lib.check("cuCtxDestroy_v2", d.lib.ctxDestroy.Call(d.context))
	if d.broken() == nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// do has the thread call f, unless the card is lost, and notes when it gets lost.
func (d *driver) do(f func() error) error {
	return d.thread.do(func() error { return d.guard(f) })
}

// guard is do on the thread.
func (d *driver) guard(f func() error) error {
	if err := d.broken(); err != nil {
		return err
	}
	err := f()
	if errors.Is(err, accel.ErrLost) {
		d.mu.Lock()
		d.lost = err
		d.mu.Unlock()
	}
	return err
}

// give has the thread make a call that gives something back to the driver, which
// the driver does by itself once the card is lost.
func (d *driver) give(call string, f func() uintptr) error {
	err := d.do(func() error { return d.lib.check(call, f()) })
	if d.broken() != nil {
		return nil
	}
	return err
}

// broken returns why the card is lost; nil while it is not.
func (d *driver) broken() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}
