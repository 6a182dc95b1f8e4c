package npyfile

import (
	"encoding/binary"
	"unsafe"
)

// viewFloat32 reinterprets little-endian bytes as float32 without copying, where
// the machine is little-endian and the bytes are aligned. An npy payload starts at
// a multiple of 64 within its file, so files read whole nearly always are.
func viewFloat32(raw []byte) ([]float32, bool) {
	if len(raw) < 4 {
		return nil, len(raw) == 0
	}
	p := unsafe.Pointer(unsafe.SliceData(raw))
	native := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	if !native || uintptr(p)%unsafe.Alignof(float32(0)) != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(p), len(raw)/4), true
}
