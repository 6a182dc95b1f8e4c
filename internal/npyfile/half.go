package npyfile

import "math"

// HalfToFloat32 widens an IEEE 754 binary16 value; every one is exact in float32.
func HalfToFloat32(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch {
	case exponent == 0x1f: // infinity, NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case exponent == 0: // zero and subnormals: fraction * 2^-24
		v := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(v))
	default: // rebias from 15 to 127
		return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
	}
}
