package launch

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/handles"
	"ttad/accel/kernels"
)

// Device is an accelerator behind a driver. It is safe for concurrent use.
type Device struct {
	driver  Driver
	log     zerolog.Logger
	info    accel.Info
	limits  Limits
	kernels map[string]*kernels.Kernel
	open    *handles.Set
	meter   meter

	mu   sync.Mutex
	lost error // sticky: the first error that said so
	hung error // lost while at work, which may still go on; see hanging

	progress atomic.Int64 // when a mark was last found to be done, in ns
}

// New takes over a driver: closing the device closes it.
func New(d Driver, log zerolog.Logger) (*Device, error) {
	all, err := kernels.All()
	if err != nil {
		return nil, fmt.Errorf("kernels for %s: %w", d.Info().Kind, err)
	}
	info := d.Info()
	return &Device{
		driver: d, log: log, info: info, limits: d.Limits(), kernels: all,
		open: handles.New(info.Kind + " device"),
	}, nil
}

// Info describes the device.
func (d *Device) Info() accel.Info { return d.info }

// Alloc returns memory with any contents.
func (d *Device) Alloc(floats int) (accel.Buffer, error) {
	if floats < 0 {
		panic(fmt.Sprintf("launch: buffer of %d floats", floats))
	}
	id, err := d.open.Open(fmt.Sprintf("buffer of %d floats", floats))
	if err != nil {
		return nil, err
	}
	m, err := d.alloc(floats)
	if err != nil {
		d.release(id)
		return nil, fmt.Errorf("buffer of %d floats: %w", floats, err)
	}
	return &buffer{device: d, id: id, floats: floats, memory: m}, nil
}

// NewStream returns a stream with a queue of its own.
func (d *Device) NewStream() (accel.Stream, error) {
	id, err := d.open.Open("stream")
	if err != nil {
		return nil, err
	}
	s, err := d.newStream(id)
	if err != nil {
		d.release(id)
		return nil, err
	}
	return s, nil
}

// Close gives the device back. While anything is open it only says what.
func (d *Device) Close() error {
	if err := d.open.Close(); err != nil {
		return err
	}
	if d.hanging() != nil {
		return nil // the driver goes with the process
	}
	if err := d.driver.Close(); err != nil && !errors.Is(err, accel.ErrLost) {
		return fmt.Errorf("close %s device: %w", d.info.Kind, err)
	}
	return nil
}

// release forgets a number that was never given to anybody.
func (d *Device) release(id int) {
	if err := d.open.Release(id); err != nil {
		panic(err) // it was just given out
	}
}

// note remembers that the device is lost, if that is what an error of the driver
// says, and returns the error.
func (d *Device) note(err error) error {
	if !errors.Is(err, accel.ErrLost) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		d.lost = err
		d.log.Error().Err(err).Str("device", d.info.Name).Msg("device lost")
	}
	return err
}

// present is the error that lost the device, nil while it is there.
func (d *Device) present() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}
