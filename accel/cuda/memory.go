package cuda

import (
	"unsafe"

	"ttad/accel/dynlib"
)

// address is where bytes that stay where they are begin.
func address(b []byte) uintptr { return dynlib.Address(&b[0]) }

// words32 and words64 are bytes of library.pinned as numbers.
func words32(b []byte) []uint32 { return unsafe.Slice((*uint32)(unsafe.Pointer(&b[0])), len(b)/4) }

func words64(b []byte) []uint64 { return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(b)/8) }
