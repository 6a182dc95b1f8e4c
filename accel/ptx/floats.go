package ptx

import "math"

// notANumber is what an operation gives that has no other result.
const notANumber = 0x7fffffff

func floats() map[string]form {
	return map[string]form{
		"add.f32":     {"www", addFloats},
		"add.rn.f32":  {"www", addFloats},
		"sub.f32":     {"www", subFloats},
		"sub.rn.f32":  {"www", subFloats},
		"mul.f32":     {"www", mulFloats},
		"mul.rn.f32":  {"www", mulFloats},
		"fma.rn.f32":  {"wwww", fmaFloats},
		"div.rn.f32":  {"www", floats2(func(a, b float32) float32 { return a / b })},
		"rcp.rn.f32":  {"ww", floats1(func(a float32) float32 { return 1 / a })},
		"sqrt.rn.f32": {"ww", floats1(func(a float32) float32 { return float32(math.Sqrt(float64(a))) })},
		"min.f32":     {"www", floats2(smaller)},
		"max.f32":     {"www", floats2(larger)},
		"neg.f32":     {"ww", words1(func(a uint32) uint32 { return a ^ 1<<31 })},
		"abs.f32":     {"ww", words1(func(a uint32) uint32 { return a &^ (1 << 31) })},
	}
}

// smaller is the smaller number; a NaN counts only beside another one, and -0 is
// smaller than 0.
func smaller(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

// larger is the larger number, as smaller is the smaller one.
func larger(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

// fma is a*b + c, rounded once. The product of two float32 is exact in float64. The
// sum is not, and rounding it again would be wrong where the first rounding made a
// tie; so it is rounded to odd, which no second rounding to half the bits notices.
//
// Boldo and Melquiond, Emulation of a FMA and correctly rounded sums: proved
// algorithms using rounding to odd (2008).
func fma(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	sum := float64(p + z)
	// Off the middle between two normal float32, nothing can go wrong; 0 is exact.
	if math.Float64bits(sum)&(1<<29-1) != 1<<28 && math.Abs(sum) >= 0x1p-125 || sum == 0 {
		return float32(sum)
	}
	return float32(toOdd(p, z, sum))
}

// toOdd is p + z rounded to odd, where sum is it rounded to nearest.
func toOdd(p, z, sum float64) float64 {
	part := float64(sum - p) // Knuth's two-sum: exactly what sum leaves out
	rest := float64(p-float64(sum-part)) + float64(z-part)
	u := math.Float64bits(sum)
	if rest == 0 || rest != rest || u&1 == 1 {
		return sum
	}
	if rest > 0 == (sum > 0) {
		return math.Float64frombits(u + 1)
	}
	return math.Float64frombits(u - 1)
}
