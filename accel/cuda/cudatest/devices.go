package cudatest

func (c *call) deviceCount() int {
	put(c.arg(0), int32(len(c.double.cards)))
	return success
}

func (c *call) deviceGet() int {
	if i := c.int(1); i < 0 || i >= len(c.double.cards) {
		return invalidDevice
	}
	put(c.arg(0), int32(c.int(1))+firstDevice)
	return success
}

// firstDevice keeps who takes an index for a device from getting away with it.
const firstDevice = 40

// card is that of a device.
func (c *call) card(arg int) *card {
	i := c.int(arg) - firstDevice
	if i < 0 || i >= len(c.double.cards) {
		c.double.problem("device %d was never given out", c.int(arg))
		return nil
	}
	return c.double.cards[i]
}

func (c *call) deviceName() int {
	card := c.card(2)
	if card == nil || c.int(1) <= len(card.Name) {
		return invalidDevice
	}
	copy(bytesAt(c.arg(0), c.int(1)), card.Name+"\x00")
	return success
}

func (c *call) deviceMemory() int {
	card := c.card(1)
	if card == nil {
		return invalidDevice
	}
	put(c.arg(0), uint64(card.Memory))
	return success
}

// deviceAttribute knows what package cuda asks for, by the numbers of
// CUdevice_attribute. Speeds are those of no card in particular.
func (c *call) deviceAttribute() int {
	card := c.card(2)
	if card == nil {
		return invalidDevice
	}
	value, ok := map[int]int{
		13: 1_500_000, // clock, kHz
		16: 4,         // multiprocessors
		20: card.Mode,
		36: 1_000_000, // clock of memory, kHz
		37: 256,       // bits of the memory's bus
		75: card.Compute[0],
		76: card.Compute[1],
	}[c.int(1)]
	if !ok {
		c.double.problem("cuDeviceGetAttribute: the double has no attribute %d", c.int(1))
		return invalidValue
	}
	put(c.arg(0), int32(value))
	return success
}
