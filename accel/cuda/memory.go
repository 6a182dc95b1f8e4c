package cuda

import (
	"runtime"
	"unsafe"
)

// pinned returns zeroed memory that the library may read and write until it is
// unpinned.
func pinned(pin *runtime.Pinner, bytes int) []byte {
	words := make([]uint64, (bytes+7)/8)
	pin.Pin(&words[0])
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), bytes)
}

// pointer is where a value lies that stays there: pinned, or the library's own.
func pointer[T any](v *T) uintptr { return uintptr(unsafe.Pointer(v)) }

// address is where such bytes begin.
func address(b []byte) uintptr { return pointer(&b[0]) }

// words32 and words64 are bytes of pinned as numbers.
func words32(b []byte) []uint32 { return unsafe.Slice((*uint32)(unsafe.Pointer(&b[0])), len(b)/4) }

func words64(b []byte) []uint64 { return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(b)/8) }
