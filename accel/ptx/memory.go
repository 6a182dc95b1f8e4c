package ptx

import (
	"fmt"
	"math"

	"ttad/accel"
)

// An address is the number of an allocation, its window, and a place in it. The
// allocation begins in the window's middle: an int times four, added to an address,
// stays inside.
const (
	windowBits = 36
	windowBase = 1 << (windowBits - 1)
	windowMask = 1<<windowBits - 1
)

// poison is what memory and registers hold before anybody writes: a NaN, and an
// index that is in nothing.
const poison = 0x7fbadbad

// allocation is a piece of memory.
type allocation struct {
	bytes  int
	words  []uint32
	shadow []shadow // who touched each word; nil where races are not looked for
}

func newAllocation(bytes int, races bool) *allocation {
	a := &allocation{bytes: bytes, words: make([]uint32, (bytes+3)/4)}
	if races {
		a.shadow = make([]shadow, len(a.words))
	}
	a.poison()
	return a
}

func (a *allocation) poison() {
	for i := range a.words {
		a.words[i] = poison
	}
}

// space is a set of allocations by window; those of freed ones are nil.
type space struct{ windows []*allocation }

func (s *space) add(a *allocation) uint64 {
	s.windows = append(s.windows, a)
	return uint64(len(s.windows))<<windowBits | windowBase
}

// find returns the allocation of an address and the byte in it, which may be
// outside.
func (s *space) find(addr uint64) (*allocation, int64) {
	window := addr >> windowBits
	if window-1 >= uint64(len(s.windows)) {
		return nil, 0
	}
	return s.windows[window-1], int64(addr&windowMask) - windowBase
}

// explain says what is wrong with an access of bytes at addr.
func (s *space) explain(addr uint64, bytes int) string {
	a, at := s.find(addr)
	switch {
	case a == nil && addr>>windowBits-1 < uint64(len(s.windows)):
		return fmt.Sprintf("%d bytes at %#x: this memory was freed", bytes, addr)
	case a == nil:
		return fmt.Sprintf("%d bytes at %#x: no memory was ever here", bytes, addr)
	case at%int64(bytes) != 0:
		return fmt.Sprintf("%d bytes at byte %d are not aligned", bytes, at)
	default:
		return fmt.Sprintf("%d bytes at byte %d of an allocation of %d bytes", bytes, at, a.bytes)
	}
}

// Alloc returns the address of fresh memory, a multiple of 256. Its contents are
// NaNs. Beyond Options.MemoryBytes the error wraps accel.ErrOutOfMemory.
func (m *Machine) Alloc(bytes int) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if bytes < 1 || bytes > windowBase/2 {
		return 0, fmt.Errorf("allocating %d bytes: want 1 to %d", bytes, windowBase/2)
	}
	if limit := m.options.MemoryBytes; limit > 0 && int64(bytes) > limit-m.used {
		return 0, fmt.Errorf("allocating %d bytes of %d, %d in use: %w", bytes, limit, m.used, accel.ErrOutOfMemory)
	}
	m.used += int64(bytes)
	return m.global.add(newAllocation(bytes, m.options.Races)), nil
}

// Free gives memory back. The address stays unused.
func (m *Machine) Free(addr uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, at := m.global.find(addr)
	if a == nil || at != 0 {
		return fmt.Errorf("freeing %#x: not the address of an allocation that is there", addr)
	}
	m.global.windows[addr>>windowBits-1] = nil
	m.used -= int64(a.bytes)
	return nil
}

// Used is the number of bytes allocated and not freed.
func (m *Machine) Used() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// Write copies src to addr, a multiple of 4 inside an allocation.
func (m *Machine) Write(addr uint64, src []float32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	words, err := m.words(addr, len(src))
	if err != nil {
		return fmt.Errorf("writing to the device: %w", err)
	}
	for i, v := range src {
		words[i] = math.Float32bits(v)
	}
	return nil
}

// Read copies from addr, a multiple of 4 inside an allocation.
func (m *Machine) Read(dst []float32, addr uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	words, err := m.words(addr, len(dst))
	if err != nil {
		return fmt.Errorf("reading from the device: %w", err)
	}
	for i := range dst {
		dst[i] = math.Float32frombits(words[i])
	}
	return nil
}

// words is n words of memory from an address on.
func (m *Machine) words(addr uint64, n int) ([]uint32, error) {
	a, at := m.global.find(addr)
	if a == nil || at < 0 || at%4 != 0 || at+int64(n)*4 > int64(a.bytes) {
		return nil, fmt.Errorf("%d floats: %s", n, m.global.explain(addr, 4))
	}
	return a.words[at/4:][:n], nil
}
