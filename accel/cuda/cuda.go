package cuda

import (
	"errors"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/launch"
)

// Config says which card is used and how it is reached.
type Config struct {
	// Index counts the driver's cards from 0, in the driver's order, which the
	// environment variable CUDA_VISIBLE_DEVICES narrows and changes.
	Index int
	// Library is the path of the driver library; empty for wherever the system's
	// loader finds libcuda.so.1.
	Library string
	// CUBLAS is off or "", auto for plain products computed by NVIDIA's cuBLAS where
	// its library is found, or the path of that library.
	CUBLAS string
}

// Open opens the card as a device.
func Open(c Config, log zerolog.Logger) (accel.Device, error) {
	driver, err := OpenDriver(c, log)
	if err != nil {
		return nil, err
	}
	device, err := launch.New(driver, log)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	return device, nil
}

// OpenDriver opens the card and has its driver compile the kernels. The error wraps
// accel.ErrNoDevice if there is no driver library, no card, or none of that index;
// whatever else is wrong says what would help. Errors leave it to the caller to name
// the kind of the device.
func OpenDriver(c Config, log zerolog.Logger) (launch.Driver, error) {
	t := startThread()
	var d *driver
	err := t.do(func() (err error) {
		d, err = open(c, log)
		return err
	})
	if err != nil {
		t.stop()
		return nil, err
	}
	d.thread, t.lib = t, d.lib
	return d, nil
}

// Discover lists the cards the driver has, each with the reason if it cannot be used.
// No driver library and no card are errors that wrap accel.ErrNoDevice.
func Discover(c Config) ([]accel.Found, error) {
	t := startThread()
	defer t.stop()
	var found []accel.Found
	err := t.do(func() (err error) {
		found, err = discover(c)
		return err
	})
	return found, err
}
