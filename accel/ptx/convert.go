package ptx

import "math"

func conversions() map[string]form {
	return map[string]form{
		"cvt.s64.s32":     {"lw", widen1(func(a uint32) uint64 { return uint64(int64(int32(a))) })},
		"cvt.u64.u32":     {"lw", widen1(func(a uint32) uint64 { return uint64(a) })},
		"cvt.u32.u16":     {"wh", words1(itself)},
		"cvt.u16.u32":     {"hw", words1(func(a uint32) uint32 { return a & 0xffff })},
		"cvt.u32.u64":     {"wl", narrow1(func(a uint64) uint32 { return uint32(a) })},
		"cvt.rn.f32.s32":  {"ww", words1(func(a uint32) uint32 { return math.Float32bits(float32(int32(a))) })},
		"cvt.rn.f32.u32":  {"ww", words1(func(a uint32) uint32 { return math.Float32bits(float32(a)) })},
		"cvt.rzi.s32.f32": {"ww", words1(toSigned)},
		"cvt.rzi.u32.f32": {"ww", words1(toUnsigned)},
		"cvt.rzi.f32.f32": {"ww", floats1(rounded(math.Trunc))},
		"cvt.rmi.f32.f32": {"ww", floats1(rounded(math.Floor))},
		"cvt.rpi.f32.f32": {"ww", floats1(rounded(math.Ceil))},
		"cvt.rni.f32.f32": {"ww", floats1(rounded(math.RoundToEven))},
	}
}

func rounded(f func(float64) float64) func(float32) float32 {
	return func(a float32) float32 { return float32(f(float64(a))) }
}

// toSigned cuts off the fraction. What does not fit is the nearest int, NaN 0.
func toSigned(a uint32) uint32 {
	v := float64(math.Float32frombits(a))
	switch {
	case v != v:
		return 0
	case v >= math.MaxInt32:
		return math.MaxInt32
	case v <= math.MinInt32:
		return 1 << 31
	}
	return uint32(int32(v))
}

// toUnsigned cuts off the fraction, as toSigned.
func toUnsigned(a uint32) uint32 {
	v := float64(math.Float32frombits(a))
	switch {
	case v != v || v <= 0:
		return 0
	case v >= math.MaxUint32:
		return math.MaxUint32
	}
	return uint32(v)
}
