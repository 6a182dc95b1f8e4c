package opencl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/dynlib"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// Config says which device is meant.
type Config struct {
	// Index counts the devices as Discover lists them.
	Index int
	// AllowProcessors takes devices that are processors, too: for tests, and for who
	// asks for OpenCL where there is nothing else.
	AllowProcessors bool
	// Log receives what drivers say that is no error. The zero value is silent.
	Log zerolog.Logger
}

// entry is a device of the library with what decides whether it can be used.
type entry struct {
	accel.Found
	id     uintptr
	floats uint64 // what it knows of float32
}

// Discover lists the OpenCL devices of this machine: those that can be used first, of
// these graphics cards before processors, and else as the drivers list them. Its
// error wraps accel.ErrNoDevice if there are none; any other says what of OpenCL is
// here and broken.
func Discover(c Config) ([]accel.Found, error) {
	_, entries, err := list(c)
	found := make([]accel.Found, len(entries))
	for i, e := range entries {
		found[i] = e.Found
	}
	return found, err
}

// Open opens the device Config means. Its error wraps accel.ErrNoDevice if there is no
// such device, or it is refused.
func Open(c Config) (accel.Device, error) {
	d, err := OpenDriver(c)
	if err != nil {
		return nil, err
	}
	device, err := launch.New(d, c.Log)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return device, nil
}

// OpenDriver opens the same device without what package launch makes of it.
func OpenDriver(c Config) (launch.Driver, error) { return openSource(c, kernels.Source()) }

func openSource(c Config, source string) (launch.Driver, error) {
	a, entries, err := list(c)
	if err != nil {
		return nil, err
	}
	if c.Index < 0 || c.Index >= len(entries) {
		return nil, fmt.Errorf("%w: no OpenCL device %d, there are %d: see 'ttad devices'", accel.ErrNoDevice, c.Index, len(entries))
	}
	e := entries[c.Index]
	if e.Refused != nil {
		return nil, fmt.Errorf("%w: OpenCL device %d, %q, is refused: %w", accel.ErrNoDevice, c.Index, e.Info.Name, e.Refused)
	}
	return newDriver(a, e, source)
}

// list opens the library and lists its devices.
func list(c Config) (*api, []entry, error) {
	a, err := load("libOpenCL.so.1", "libOpenCL.so")
	if errors.Is(err, dynlib.ErrNotThere) {
		return nil, nil, fmt.Errorf("%w: OpenCL: %w", accel.ErrNoDevice, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("OpenCL: %w", err)
	}
	entries, err := a.list(c)
	return a, entries, err
}

// list asks every driver for its devices. One that fails hides no other's: it is an
// error only if nobody has a device.
func (a *api) list(c Config) ([]entry, error) {
	platforms, err := a.platforms()
	if err != nil {
		return nil, fmt.Errorf("OpenCL: %w", err)
	}
	var entries []entry
	var broken error
	for _, p := range platforms {
		more, err := a.entries(p, c)
		entries, broken = append(entries, more...), errors.Join(broken, err)
	}
	switch {
	case len(entries) == 0 && broken != nil:
		return nil, fmt.Errorf("OpenCL: %w", broken)
	case len(entries) == 0:
		return nil, nothing(len(platforms), thisMachine().explain())
	case broken != nil:
		c.Log.Warn().Err(broken).Msg("OpenCL drivers without those that fail")
	}
	return inOrder(entries), nil
}

// nothing is the error of a library without devices, with what may be the cause.
func nothing(platforms int, causes []string) error {
	what := "no OpenCL driver is installed"
	if platforms > 0 {
		what = fmt.Sprintf("the %d OpenCL drivers here list no device", platforms)
	}
	if len(causes) == 0 {
		return fmt.Errorf("%w: %s", accel.ErrNoDevice, what)
	}
	return fmt.Errorf("%s: %s", what, strings.Join(causes, "; "))
}

// entries describes a platform's devices.
func (a *api) entries(platform uintptr, c Config) ([]entry, error) {
	name, err := text(a.getPlatformInfo, platform, platformName)
	if err != nil {
		return nil, err
	}
	ids, err := a.devices(platform)
	if err != nil {
		return nil, fmt.Errorf("platform %q: %w", name, err)
	}
	var entries []entry
	for _, id := range ids {
		p, err := a.properties(id)
		if err != nil {
			return nil, fmt.Errorf("platform %q: %w", name, err)
		}
		e := entry{id: id, floats: p.floats}
		e.Info = p.info(name)
		e.Refused = p.refuse(c)
		entries = append(entries, e)
	}
	return entries, nil
}

// inOrder sorts devices and gives them their indexes. Whether processors are allowed
// makes no difference to these.
func inOrder(entries []entry) []entry {
	rank := func(e entry) int {
		switch {
		case e.Refused != nil && !errors.Is(e.Refused, errProcessor):
			return 3
		case e.Info.Type == "cpu":
			return 2
		case e.Info.Type == "gpu":
			return 0
		}
		return 1
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(rank(a), rank(b)) })
	for i := range entries {
		entries[i].Info.Index = i
	}
	return entries
}
