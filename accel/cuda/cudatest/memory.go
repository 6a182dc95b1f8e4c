package cudatest

import (
	"runtime"
	"slices"
	"unsafe"
)

// at is memory of the process under an address that C gave.
func at[T any](address uintptr) *T {
	return (*T)(*(*unsafe.Pointer)(unsafe.Pointer(&address)))
}

// bytesAt is n bytes of it.
func bytesAt(address uint64, n int) []byte { return unsafe.Slice(at[byte](uintptr(address)), n) }

// floatsAt is n floats of it.
func floatsAt(address uint64, n int) []float32 { return unsafe.Slice(at[float32](uintptr(address)), n) }

// put writes a value where an argument points.
func put[T any](arg uint64, v T) { *at[T](uintptr(arg)) = v }

// maxText bounds C strings: the kernels' PTX is the longest.
const maxText = 64 << 20

// cString is a C string as Go has it.
func cString(address uintptr) string {
	n := 0
	for n < maxText && *at[byte](address + uintptr(n)) != 0 {
		n++
	}
	return string(bytesAt(uint64(address), n))
}

// host is page-locked memory of the process.
type host struct {
	words []uint64
	bytes int
	pin   runtime.Pinner
}

func newHost(bytes int) *host {
	h := &host{words: make([]uint64, max(1, (bytes+7)/8)), bytes: bytes}
	h.pin.Pin(&h.words[0])
	return h
}

func (h *host) address() uint64 { return uint64(uintptr(unsafe.Pointer(&h.words[0]))) }

// holds says whether n bytes from an address on lie in it.
func (h *host) holds(address uint64, n int) bool {
	return address >= h.address() && address+uint64(n) <= h.address()+uint64(h.bytes)
}

// free makes what is left of the memory useless to whoever still reads it.
func (h *host) free() {
	spoil(floatsAt(h.address(), h.bytes/4))
	h.pin.Unpin()
}

// spoil writes what nobody takes for a result.
func spoil(v []float32) {
	for i := range v {
		v[i] = notYet
	}
}

// text returns a C string that stays, in memory that goes on behind it as a library's
// does.
func (d *Double) text(s string) uint64 {
	const room = 512
	if d.texts[s] == nil {
		d.texts[s] = append(make([]byte, 0, room), s...)[:room]
	}
	return uint64(uintptr(unsafe.Pointer(&d.texts[s][0])))
}

// same says whether host memory still is what it was.
func same(address uint64, was []float32) bool {
	return slices.EqualFunc(floatsAt(address, len(was)), was, func(a, b float32) bool { return bits(a) == bits(b) })
}
