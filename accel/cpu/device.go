package cpu

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"ttad/accel"
	"ttad/accel/cpu/kernel"
	"ttad/accel/cpu/vector"
	"ttad/accel/handles"
)

// Config says how the device works.
type Config struct {
	// Threads is how many workers compute at the same time; 0 for as many as Go runs
	// at a time (GOMAXPROCS): one a core, or what the CPU limit of a cgroup makes
	// whole, but two at least.
	Threads int
	// ISA is what the kernels are written in: avx512, avx2, neon or generic, which
	// is plain Go; "" or auto for the fastest. New refuses what the processor lacks.
	ISA string
	// Winograd is auto or "" for Winograd's algorithm in the convolutions that it
	// makes faster, at a few bits less precision, or off.
	Winograd string
}

// maxThreads is beyond any machine this was thought for; a larger number is a
// mistake in somebody's configuration.
const maxThreads = 4096

// maxRank is the largest number of axes kernels keep indices for.
const maxRank = accel.MaxRank

// maxFloats is the most memory one allocation may ask for: 32 GiB.
const maxFloats = 1 << 33

// Device is the processor. It is safe for concurrent use.
type Device struct {
	threads  int
	isa      instructions
	kernels  kernel.Family
	vectors  vector.Family
	winograd bool
	team     *team
	// chunkRows is the most that make a chunk. Tests of programs with few rows want
	// less than the default.
	chunkRows int

	open *handles.Set

	mu     sync.Mutex
	frames map[frameKey]*batch
}

// frameKey says whose scratch a frame is: one stream's, for one exec.
type frameKey struct{ stream, exec int }

// New starts the device's workers. Close stops them.
func New(c Config) (*Device, error) {
	if c.Threads < 0 || c.Threads > maxThreads {
		return nil, fmt.Errorf("cpu device: %d threads is outside 0 to %d", c.Threads, maxThreads)
	}
	isa, err := choose(c.ISA)
	if err != nil {
		return nil, fmt.Errorf("cpu device: %w", err)
	}
	if !slices.Contains([]string{"", "auto", "off"}, c.Winograd) {
		return nil, fmt.Errorf("cpu device: winograd %q is not one of auto, off", c.Winograd)
	}
	kernels, err := kernel.New(isaNames[isa])
	if err != nil {
		return nil, fmt.Errorf("cpu device: %w", err)
	}
	vectors, err := vector.New(isaNames[isa])
	if err != nil {
		return nil, fmt.Errorf("cpu device: %w", err)
	}
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Device{
		threads: threads, isa: isa, kernels: kernels, vectors: vectors, winograd: c.Winograd != "off",
		team: newTeam(threads), chunkRows: heavyRows,
		open: handles.New("cpu device"), frames: map[frameKey]*batch{},
	}, nil
}

// Info describes the device.
func (d *Device) Info() accel.Info {
	return accel.Info{Kind: "cpu", Name: d.isa.String() + " on " + runtime.GOARCH, Driver: runtime.Version(), Threads: d.threads, ISA: d.kernels.Name}
}

// Supports accepts every operator that networks are made of, on up to 8 axes.
func (d *Device) Supports(p *accel.Program, step int) error { return p.CheckStep(step, known) }

// Alloc returns zeroed memory.
func (d *Device) Alloc(floats int) (accel.Buffer, error) {
	if floats < 0 {
		panic(fmt.Sprintf("cpu: buffer of %d floats", floats))
	}
	if floats > maxFloats {
		return nil, fmt.Errorf("buffer of %d floats: %w", floats, accel.ErrOutOfMemory)
	}
	id, err := d.open.Open(fmt.Sprintf("buffer of %d floats", floats))
	if err != nil {
		return nil, err
	}
	return &buffer{device: d, id: id, data: make([]float32, floats)}, nil
}

// NewStream returns a stream whose Run does the work before it returns.
func (d *Device) NewStream() (accel.Stream, error) {
	id, err := d.open.Open("stream")
	if err != nil {
		return nil, err
	}
	return &stream{device: d, id: id}, nil
}

// Close stops the workers and waits for them. While anything is open it only
// says what.
func (d *Device) Close() error {
	if err := d.open.Close(); err != nil {
		return err
	}
	d.team.close()
	return nil
}

// release closes a stream or an exec, whose scratch goes with it.
func (d *Device) release(id int) error {
	if err := d.open.Release(id); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range d.frames {
		if key.stream == id || key.exec == id {
			delete(d.frames, key)
		}
	}
	return nil
}

// frame returns the scratch of a stream for an exec, made at the first run.
func (d *Device) frame(s *stream, e *exec) (*batch, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open.Has(s.id) {
		return nil, fmt.Errorf("cpu stream #%d is closed", s.id)
	}
	if !d.open.Has(e.id) {
		return nil, fmt.Errorf("cpu exec #%d is closed", e.id)
	}
	key := frameKey{s.id, e.id}
	f := d.frames[key]
	if f == nil {
		f = newBatch(e)
		d.frames[key] = f
	}
	return f, nil
}
