package cuda

import (
	"bytes"
	"fmt"
	"runtime"

	"ttad/accel"
)

// Attributes of a device, as CUdevice_attribute numbers them.
const (
	attributeMajor       = 75
	attributeMinor       = 76
	attributeComputeMode = 20
)

// Compute modes, which an administrator sets.
const (
	modeProhibited = 2
	modeExclusive  = 3
)

// card is a device of the driver.
type card struct {
	info  accel.Info
	ref   uintptr // the driver's handle
	major int     // of the compute capability
	minor int
	mode  int
}

// discover lists the cards. It runs on a thread of its own.
func discover(c Config) ([]accel.Found, error) {
	lib, err := load(c.Library)
	if err != nil {
		return nil, err
	}
	defer lib.close()
	count, err := lib.cards()
	if err != nil {
		return nil, err
	}
	found := make([]accel.Found, count)
	for i := range found {
		card, err := lib.card(i)
		if err == nil {
			err = card.refusal()
		}
		found[i] = accel.Found{Info: card.info, Refused: err}
	}
	return found, nil
}

// cards counts them; none is an error.
func (l *library) cards() (int, error) {
	n, err := l.number("cuDeviceGetCount", l.deviceCount)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the driver is here and has no card", accel.ErrNoDevice)
	}
	return n, err
}

// find returns the card of an index.
func (l *library) find(index int) (card, error) {
	n, err := l.cards()
	if err != nil {
		return card{}, err
	}
	if index < 0 || index >= n {
		return card{}, fmt.Errorf("%w: index %d: the cards here are 0 to %d", accel.ErrNoDevice, index, n-1)
	}
	c, err := l.card(index)
	if err != nil {
		return card{}, fmt.Errorf("card %d: %w", index, err)
	}
	if err := c.refusal(); err != nil {
		return card{}, fmt.Errorf("card %d, %s: %w", index, c.info.Name, err)
	}
	return c, nil
}

// card asks for what is known of a card. Even with an error it has kind and index.
func (l *library) card(index int) (c card, err error) {
	c.info = accel.Info{Kind: "cuda", Type: "gpu", Index: index}
	ref, err := l.number("cuDeviceGet", l.deviceGet, uintptr(index))
	if err != nil {
		return c, err
	}
	c.ref = uintptr(ref)
	if c.info.Name, err = l.name(c.ref); err != nil {
		return c, err
	}
	memory, err := l.handle("cuDeviceTotalMem_v2", l.deviceMemory, c.ref)
	if err != nil {
		return c, err
	}
	c.info.Memory = int64(memory)
	for attribute, to := range map[uintptr]*int{attributeMajor: &c.major, attributeMinor: &c.minor, attributeComputeMode: &c.mode} {
		if *to, err = l.number("cuDeviceGetAttribute", l.deviceAttribute, attribute, c.ref); err != nil {
			return c, err
		}
	}
	version, err := l.version()
	c.info.Version = "CUDA " + dotted(version)
	c.info.Driver = fmt.Sprintf("NVIDIA, compute capability %d.%d", c.major, c.minor)
	return c, err
}

func (l *library) name(ref uintptr) (string, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	text := pinned(&pin, textLimit)
	err := l.check("cuDeviceGetName", l.deviceName.Call(address(text), textLimit, ref))
	name, _, _ := bytes.Cut(text, []byte{0})
	return string(name), err
}

// refusal says why a card cannot be used; nil if it can.
func (c *card) refusal() error {
	if c.major < 5 || c.major == 5 && c.minor < 2 {
		return fmt.Errorf("%w: compute capability %d.%d, ttad's kernels need 5.2 (Maxwell, 2014) or later", accel.ErrUnsupported, c.major, c.minor)
	}
	if c.mode == modeProhibited {
		return fmt.Errorf("%w: its compute mode is prohibited: an administrator can allow it by nvidia-smi -c DEFAULT", accel.ErrUnsupported)
	}
	return nil
}
