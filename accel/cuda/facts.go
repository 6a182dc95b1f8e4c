package cuda

// Facts are what a card could do at best: what `make gpu-check` sets times beside.
type Facts struct {
	Multiprocessors int
	Clock           float64 // cycles a second
	FLOPs           float64 // a second, in single precision, fused operations as two
	Bandwidth       float64 // bytes a second, between the card and its memory
}

// Gauge is what drivers of this package can tell beside launch.Driver.
type Gauge interface {
	Facts() (Facts, error)
	// FreeBytes is the card's memory that nobody uses.
	FreeBytes() (int64, error)
}

// More attributes of a device.
const (
	attributeClock           = 13 // kHz
	attributeMultiprocessors = 16
	attributeMemoryClock     = 36 // kHz
	attributeBusWidth        = 37 // bits
)

// Facts asks the card. Memory moves two words a cycle of its clock.
func (d *driver) Facts() (f Facts, err error) {
	var values [4]int
	err = d.do(func() error {
		for i, attribute := range [4]uintptr{attributeMultiprocessors, attributeClock, attributeMemoryClock, attributeBusWidth} {
			if values[i], err = d.lib.number("cuDeviceGetAttribute", d.lib.deviceAttribute, attribute, d.card.ref); err != nil {
				return err
			}
		}
		return nil
	})
	f.Multiprocessors, f.Clock = values[0], 1000*float64(values[1])
	f.FLOPs = 2 * f.Clock * float64(f.Multiprocessors*lanes(d.card.major, d.card.minor))
	f.Bandwidth = 2 * 1000 * float64(values[2]) * float64(values[3]/8)
	return f, err
}

// lanes is how many single-precision operations a multiprocessor begins in a cycle, by
// the compute capability (CUDA C Programming Guide, arithmetic instructions).
func lanes(major, minor int) int {
	switch {
	case major == 7, major == 6 && minor == 0, major == 8 && minor == 0:
		return 64
	}
	return 128
}

// FreeBytes asks the driver.
func (d *driver) FreeBytes() (free int64, err error) {
	err = d.do(func() error {
		free, _, err = d.lib.memory()
		return err
	})
	return free, err
}

// memory is what is free on the card of the current context, and all there is.
func (l *library) memory() (free, total int64, err error) {
	err = l.check("cuMemGetInfo_v2", l.memInfo.Call(l.first(), pointer(&l.out[1])))
	return int64(l.out[0]), int64(l.out[1]), err
}
