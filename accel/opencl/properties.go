package opencl

import (
	"errors"
	"fmt"

	"ttad/accel"
)

// properties are what a device reports of itself.
type properties struct {
	name, driver, version  string
	kind                   uint64 // bits of typeGPU and the like
	memory, local          uint64 // bytes
	items                  uint64 // of the largest group
	floats                 uint64
	available, compiler    bool
	littleEndian, embedded bool
}

// Least that the kernels and a model need.
const (
	leastItems  = 256
	leastLocal  = 16 << 10
	leastMemory = 64 << 20
)

// errProcessor is why a device is refused that would do.
var errProcessor = errors.New("a processor: ttad's own engine is faster on it, device cpu; put opencl first in device.prefer to take it all the same, for tests")

// properties asks a device.
func (a *api) properties(device uintptr) (properties, error) {
	var p properties
	for _, s := range []struct {
		what uintptr
		to   *string
	}{{deviceName, &p.name}, {deviceDriver, &p.driver}, {deviceVersion, &p.version}} {
		var err error
		if *s.to, err = text(a.getDeviceInfo, device, s.what); err != nil {
			return p, err
		}
	}
	p.kind = a.number(device, deviceType)
	p.memory, p.local = a.number(device, deviceMemory), a.number(device, deviceLocalMemory)
	p.items, p.floats = a.number(device, deviceGroupItems), a.number(device, deviceFloats)
	p.available, p.compiler = a.number(device, deviceAvailable) != 0, a.number(device, deviceCompiler) != 0
	p.littleEndian = a.number(device, deviceLittleEndian) != 0
	profile, err := text(a.getDeviceInfo, device, deviceProfile)
	p.embedded = profile == "EMBEDDED_PROFILE"
	return p, err
}

// info is the device as people see it.
func (p properties) info(platform string) accel.Info {
	return accel.Info{
		Kind: "opencl", Name: p.name, Driver: platform + " " + p.driver, Version: p.speaks(), Type: p.typeName(), Memory: int64(p.memory),
	}
}

// typeName is the device's type in a word.
func (p properties) typeName() string {
	switch {
	case p.kind&typeGPU != 0:
		return "gpu"
	case p.kind&typeAccelerator != 0:
		return "accelerator"
	case p.kind&typeProcessor != 0:
		return "cpu"
	}
	return ""
}

// number reads the version, which is OpenCL, a space, major.minor, and what the vendor adds.
func (p properties) number() (major, minor int) {
	if _, err := fmt.Sscanf(p.version, "OpenCL %d.%d", &major, &minor); err != nil {
		return 0, 0
	}
	return major, minor
}

// speaks is the version without the vendor's own words.
func (p properties) speaks() string {
	major, minor := p.number()
	return fmt.Sprintf("OpenCL %d.%d", major, minor)
}

// refuse says why a device cannot be used; nil if it can. That it is a processor comes
// last, so that it is the reason only if there is no other.
func (p properties) refuse(c Config) error {
	major, minor := p.number()
	switch {
	case major < 1 || major == 1 && minor < 2:
		return fmt.Errorf("its version is %q, OpenCL 1.2 is needed: install a newer driver", p.version)
	case !p.available:
		return errors.New("its driver says that it is not available: another process may have it to itself")
	case !p.compiler:
		return errors.New("its driver has no compiler for OpenCL C: install the vendor's full package")
	case p.embedded:
		return errors.New("it has the embedded profile, whose arithmetic is not exact enough")
	case !p.littleEndian:
		return errors.New("its byte order is big-endian, little-endian is needed")
	case p.floats&floatsNotNumbers == 0:
		return errors.New("it has no infinities and NaNs in float32")
	case p.items < leastItems:
		return fmt.Errorf("its groups have at most %d items, kernels need %d", p.items, leastItems)
	case p.local < leastLocal:
		return fmt.Errorf("its local memory is %d bytes, kernels need %d", p.local, leastLocal)
	case p.memory < leastMemory:
		return fmt.Errorf("its memory is %d MiB, at least %d MiB are needed", p.memory>>20, leastMemory>>20)
	case p.typeName() == "cpu" && !c.AllowProcessors:
		return errProcessor
	}
	return nil
}
