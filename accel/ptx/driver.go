package ptx

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"ttad/accel"
	"ttad/accel/launch"
)

// Driver is a launch.Driver whose device is a Machine. It is stricter than a card: work
// begins at the last moment, host memory that was changed while it belonged to a
// queue is an error, and so is what was not given back when the driver closes.
type Driver struct {
	module  *Module
	machine *Machine

	mu     sync.Mutex
	host   map[*float32]int // host memory given out, by its first element
	memory map[launch.Memory]int
	queues int
	lost   error // sticky, as after a fault of a card
}

var _ launch.Driver = (*Driver)(nil)

// NewDriver returns a driver that launches the kernels of a module.
func NewDriver(m *Module, o Options) *Driver {
	return &Driver{module: m, machine: NewMachine(o), host: map[*float32]int{}, memory: map[launch.Memory]int{}}
}

// Info says that this is no card.
func (d *Driver) Info() accel.Info {
	return accel.Info{Kind: "ptx", Name: "PTX interpreter", Driver: "ttad", Type: "cpu", Memory: d.machine.options.MemoryBytes}
}

// Limits says that division is exact and that memory is watched.
func (d *Driver) Limits() launch.Limits {
	return launch.Limits{AllocBytes: windowBase / 2, Exact: true, Checked: true}
}

// Alloc returns memory full of NaNs.
func (d *Driver) Alloc(bytes int) (launch.Memory, error) {
	if err := d.failed(); err != nil {
		return 0, err
	}
	addr, err := d.machine.Alloc(bytes)
	if err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory[launch.Memory(addr)] = bytes
	return launch.Memory(addr), nil
}

// Free gives memory back. What is queued may not need it any more.
func (d *Driver) Free(m launch.Memory) error {
	d.mu.Lock()
	delete(d.memory, m)
	d.mu.Unlock()
	return d.machine.Free(uint64(m))
}

// HostAlloc returns memory full of NaNs.
func (d *Driver) HostAlloc(floats int) ([]float32, error) {
	if floats < 1 {
		return nil, fmt.Errorf("allocating %d floats of host memory: want at least 1", floats)
	}
	host := make([]float32, floats)
	spoil(host)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.host[&host[0]] = floats
	return host, nil
}

// HostFree takes what HostAlloc gave, and spoils it.
func (d *Driver) HostFree(host []float32) error {
	if err := d.hosts(host); err != nil {
		return fmt.Errorf("freeing host memory: %w", err)
	}
	spoil(host)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.host, &host[0])
	return nil
}

func spoil(host []float32) {
	for i := range host {
		host[i] = math.Float32frombits(poison)
	}
}

// hosts says whether host begins where memory of HostAlloc does, and fits.
func (d *Driver) hosts(host []float32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(host) == 0 || d.host[&host[0]] < len(host) {
		return fmt.Errorf("%d floats that HostAlloc did not give, or HostFree took", len(host))
	}
	return nil
}

// NewQueue returns an empty queue.
func (d *Driver) NewQueue() (launch.Queue, error) {
	if err := d.failed(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queues++
	return &queue{driver: d}, nil
}

// failed is the error everything fails with after a fault.
func (d *Driver) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// lose makes a fault stick, as a card's does.
func (d *Driver) lose(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = fmt.Errorf("%w: %w", accel.ErrLost, err)
	return d.lost
}

// Close names what was not given back.
func (d *Driver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.memory)+len(d.host)+d.queues == 0 {
		return nil
	}
	var bytes []int
	for _, n := range d.memory {
		bytes = append(bytes, n)
	}
	slices.Sort(bytes)
	return fmt.Errorf("closing the device: %d queues, %d pieces of host memory and %d of device memory (bytes: %v) were not given back",
		d.queues, len(d.host), len(bytes), bytes)
}
