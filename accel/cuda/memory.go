package cuda

import "unsafe"

// pointer is where a value lies that stays there: pinned, or the library's own.
func pointer[T any](v *T) uintptr { return uintptr(unsafe.Pointer(v)) }

// address is where such bytes begin.
func address(b []byte) uintptr { return pointer(&b[0]) }

// words32 and words64 are bytes of library.pinned as numbers.
func words32(b []byte) []uint32 { return unsafe.Slice((*uint32)(unsafe.Pointer(&b[0])), len(b)/4) }

func words64(b []byte) []uint64 { return unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(b)/8) }
