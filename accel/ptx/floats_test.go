package ptx

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// exact is a*b + c, computed with as many bits as it takes and rounded once.
func exact(a, b, c float32) float32 {
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(v)) }
	sum := new(big.Float).SetPrec(2000)
	sum.Add(sum.Mul(wide(a), wide(b)), wide(c))
	v, _ := sum.Float32()
	return v
}

func checkFMA(t testing.TB, a, b, c float32) {
	t.Helper()
	for _, v := range []float32{a, b, c} {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return // by the plain rules of float64
		}
	}
	want := exact(a, b, c)
	if want == 0 { // big.Float knows no sign of a cancelled sum
		require.Zero(t, fma(a, b, c), "fma(%x, %x, %x)", a, b, c)
		return
	}
	require.Equal(t, math.Float32bits(want), math.Float32bits(fma(a, b, c)), "fma(%x, %x, %x)", a, b, c)
}

// Two roundings would be off by a last place in each of the first ones.
func TestFMARoundsOnce(t *testing.T) {
	for _, c := range [][3]float32{
		{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-80},                  // a tie, but for the addend
		{1 + 0x1p-12, 1 + 0x1p-12, -0x1p-80},                 //
		{0x1.000002p0, 0x1.000002p0, 0x1p60},                 //
		{0x1p-75, 0x1p-75, 0x1p-127},                         // half of the smallest number
		{0x1.4p-75, 0x1.99999ap-76, 0x1p-127},                // a little beside it
		{math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32}, // beyond the largest
		{math.MaxFloat32, 1, 0x1p102},                        // just within
		{0x1p-149, 0x1p-149, 0},                              // far below the smallest
	} {
		checkFMA(t, c[0], c[1], c[2])
		checkFMA(t, -c[0], c[1], c[2])
		checkFMA(t, c[0], -c[1], -c[2])
	}
	random := rand.New(rand.NewPCG(1, 2))
	n := 200_000
	if testing.Short() {
		n = 10_000
	}
	for range n {
		// Few bits and close exponents make ties and cancellation.
		part := func() float32 {
			return math.Float32frombits(random.Uint32()&0x807fffff&(^uint32(0)<<random.IntN(23)) | uint32(120+random.IntN(16))<<23)
		}
		checkFMA(t, part(), part(), part()*float32(math.Ldexp(1, -random.IntN(60))))
		checkFMA(t, part()*0x1p-70, part()*0x1p-70, part()*0x1p-126)
	}
}

func FuzzFMA(f *testing.F) {
	f.Add(uint32(0x3f800800), uint32(0x3f800800), uint32(0x17800000))
	f.Add(uint32(1), uint32(0x3f000000), uint32(0x80000001))
	f.Fuzz(func(t *testing.T, a, b, c uint32) {
		checkFMA(t, math.Float32frombits(a), math.Float32frombits(b), math.Float32frombits(c))
	})
}

// Single operations are those of the processor, which are IEEE 754's; the root is
// taken in float64, whose second rounding never shows.
func TestRootsAreRoundedOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		v := math.Float32frombits(random.Uint32() >> 1)
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			continue
		}
		want, _ := new(big.Float).SetPrec(200).Sqrt(new(big.Float).SetPrec(200).SetFloat64(float64(v))).Float32()
		require.Equal(t, want, float32(math.Sqrt(float64(v))), "root of %x", v)
	}
}
