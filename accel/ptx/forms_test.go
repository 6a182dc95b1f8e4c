package ptx

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// f, i and l are a float, an int and a long as a kernel gets them.
func f(v float64) uint64 { return uint64(math.Float32bits(float32(v))) }
func i(v int32) uint64   { return uint64(uint32(v)) }
func l(v int64) uint64   { return uint64(v) }

// Every form there is, with what the manual says of its corners.
func TestEachFormComputes(t *testing.T) {
	cases := formCases()
	m := NewMachine(Options{})
	for name, form := range allForms() {
		require.NotEmpty(t, cases[name], "%s has no case", name)
		k := formKernel(t, name, form)
		for _, c := range cases[name] {
			assert.Equal(t, fmt.Sprintf("%#x", c.want), fmt.Sprintf("%#x", runForm(t, m, k, c.in)), "%s of %#x", name, c.in)
		}
	}
	require.Len(t, cases, len(allForms()), "cases of forms that are not there")
}

type formCase struct {
	want uint64
	in   []uint64
}

func of(want uint64, in ...uint64) formCase { return formCase{want, in} }

// aNumber is not one, with bits that no operation gives.
const aNumber = 0xffc00123

func formCases() map[string][]formCase {
	infinity := f(math.Inf(1))
	all := map[string][]formCase{
		"add.s32":    {of(i(-1), i(2), i(-3)), of(i(math.MinInt32), i(math.MaxInt32), 1)},
		"sub.s32":    {of(i(5), i(2), i(-3))},
		"mul.lo.s32": {of(i(-6), i(2), i(-3)), of(0, 1<<16, 1<<16)},
		"mad.lo.s32": {of(i(-5), i(2), i(-3), 1)},
		"mul.hi.u32": {of(1, 1<<16, 1<<16), of(0xfffffffe, 0xffffffff, 0xffffffff)},
		"mul.hi.s32": {of(0, i(-1), i(-1)), of(i(-1), i(-1), 2)},
		"div.s32":    {of(i(-2), i(-7), 3), of(poison, 7, 0), of(i(math.MinInt32), i(math.MinInt32), i(-1))},
		"div.u32":    {of(0x55555553, i(-7), 3), of(poison, 7, 0)},
		"rem.s32":    {of(i(-1), i(-7), 3), of(poison, 7, 0)},
		"rem.u32":    {of(0, i(-7), 3), of(poison, 7, 0)},
		"min.s32":    {of(i(-1), i(-1), 1)},
		"max.s32":    {of(1, i(-1), 1)},
		"min.u32":    {of(1, i(-1), 1)},
		"max.u32":    {of(i(-1), i(-1), 1)},
		"neg.s32":    {of(i(-5), 5), of(i(math.MinInt32), i(math.MinInt32))},
		"abs.s32":    {of(5, i(-5)), of(i(math.MinInt32), i(math.MinInt32))},
		"bfe.u32":    {of(0x7f, f(1), 23, 8), of(0, 0xff, 40, 8), of(0xf, 0xff, 4, 40)},
		"shl.b32":    {of(0xf0, 0xf, 4), of(0, 1, 32)},
		"shr.u32":    {of(0x0fffffff, i(-1), 4), of(0, i(-1), 32)},
		"shr.s32":    {of(i(-1), i(-1), 4), of(i(-1), i(-8), 32)},

		"add.s64":      {of(l(-1), 2, l(-3)), of(1<<32, 1<<32-1, 1)},
		"sub.s64":      {of(l(-1), 2, 3)},
		"mul.lo.s64":   {of(l(-6), 2, l(-3))},
		"mul.wide.s32": {of(l(-8), i(-2), 4), of(1<<40, 1<<20, 1<<20)},
		"mul.wide.u32": {of(0x3fffffff8, i(-2), 4)},
		"shl.b64":      {of(1<<40, 1, 40), of(0, 1, 64)},
		"shr.u64":      {of(1, 1<<40, 40), of(0, l(-1), 64)},
		"shr.s64":      {of(l(-1), l(-1), 40), of(l(-1), l(-1), 64)},
		"and.b64":      {of(1<<40, 3<<40, 1<<40|1)},
		"or.b64":       {of(1<<40|1, 1<<40, 1)},
		"xor.b64":      {of(1<<40|1, 1<<40|2, 3)},
		"not.b64":      {of(l(-1), 0)},
		"neg.s64":      {of(l(-1), 1)},
		"min.s64":      {of(l(-1), l(-1), 1)},
		"max.s64":      {of(1, l(-1), 1)},

		"and.b32":  {of(8, 12, 10)},
		"or.b32":   {of(14, 12, 10)},
		"xor.b32":  {of(6, 12, 10)},
		"not.b32":  {of(i(-1), 0)},
		"and.b16":  {of(8, 12, 10)},
		"or.b16":   {of(8, 8, 0)},
		"and.pred": {of(1, 1, 1), of(0, 1, 0)},
		"or.pred":  {of(1, 1, 0), of(0, 0, 0)},
		"xor.pred": {of(0, 1, 1), of(1, 0, 1)},
		"not.pred": {of(0, 1), of(1, 0)},

		"mov.u32":  {of(7, 7)},
		"mov.b32":  {of(aNumber, aNumber)},
		"mov.f32":  {of(aNumber, aNumber)},
		"mov.pred": {of(1, 1)},
		"mov.u64":  {of(1<<40, 1<<40)},
		"selp.b32": {of(7, 7, 8, 1), of(8, 7, 8, 0)},
		"selp.u32": {of(7, 7, 8, 1), of(8, 7, 8, 0)},
		"selp.s32": {of(7, 7, 8, 1), of(8, 7, 8, 0)},
		"selp.f32": {of(aNumber, aNumber, 8, 1), of(8, aNumber, 8, 0)},
		"selp.b64": {of(7, 7, 8, 1), of(8, 7, 8, 0)},
		"selp.u64": {of(7, 7, 8, 1), of(1<<40, 7, 1<<40, 0)},
		"selp.s64": {of(7, 7, 8, 1), of(8, 7, 8, 0)},

		"sub.f32":     {of(f(-1), f(1), f(2)), of(notANumber, infinity, infinity)},
		"div.rn.f32":  {of(f(1./3), f(1), f(3)), of(infinity, f(1), 0), of(notANumber, 0, 0), of(1, 3, f(3))},
		"rcp.rn.f32":  {of(f(1./3), f(3)), of(f(math.Inf(-1)), 1<<31)},
		"sqrt.rn.f32": {of(f(math.Sqrt2), f(2)), of(notANumber, f(-1)), of(1<<31, 1<<31), of(infinity, infinity)},
		"fma.rn.f32": {
			of(f(7), f(2), f(3), f(1)), of(notANumber, infinity, 0, f(1)),
			of(f(-0x1p-46), f(1+0x1p-23), f(1-0x1p-23), f(-1)),
		},
		"min.f32": {of(f(1), f(1), aNumber), of(f(1), aNumber, f(1)), of(notANumber, aNumber, aNumber), of(1<<31, 0, 1<<31)},
		"max.f32": {of(f(1), f(1), aNumber), of(f(1), aNumber, f(1)), of(notANumber, aNumber, aNumber), of(0, 0, 1<<31)},
		"neg.f32": {of(f(-1), f(1)), of(0, 1<<31)},
		"abs.f32": {of(f(1), f(-1))},

		"cvt.s64.s32":     {of(l(-2), i(-2))},
		"cvt.u64.u32":     {of(0xfffffffe, i(-2))},
		"cvt.u32.u16":     {of(8, 8)},
		"cvt.u16.u32":     {of(8, 1<<16|8)},
		"cvt.u32.u64":     {of(0xfffffffe, l(-2))},
		"cvt.rn.f32.s32":  {of(f(-2), i(-2)), of(f(1<<24), 1<<24+1), of(f(1<<24+4), 1<<24+3)},
		"cvt.rn.f32.u32":  {of(f(1<<32), i(-2))},
		"cvt.rzi.s32.f32": {of(i(-2), f(-2.9)), of(0, aNumber), of(i(math.MaxInt32), f(1e10)), of(i(math.MinInt32), f(-1e10))},
		"cvt.rzi.u32.f32": {of(2, f(2.9)), of(0, aNumber), of(i(-1), f(1e10)), of(0, f(-3)), of(1<<31, f(1<<31))},
		"cvt.rzi.f32.f32": {of(f(-2), f(-2.9)), of(1<<31, f(-0.5)), of(notANumber, aNumber)},
		"cvt.rmi.f32.f32": {of(f(-3), f(-2.1))},
		"cvt.rpi.f32.f32": {of(f(-2), f(-2.9)), of(f(1e10), f(1e10))},
		"cvt.rni.f32.f32": {of(f(2), f(2.5)), of(f(4), f(3.5))},
	}
	for _, suffix := range []string{"f32", "rn.f32"} {
		all["add."+suffix] = []formCase{of(f(3), f(1), f(2)), of(notANumber, aNumber, f(1)), of(f(1<<24), f(1<<24), f(1)), of(3, 1, 2)}
		all["mul."+suffix] = []formCase{of(f(6), f(3), f(2)), of(notANumber, 0, infinity), of(infinity, f(1e30), f(1e30))}
		all["sub."+suffix] = all["sub.f32"]
	}
	addComparisons(all)
	return all
}

// addComparisons has, for each relation, whether it holds of a less, an equal and a
// greater first operand, and with a NaN.
func addComparisons(all map[string][]formCase) {
	holds := map[string]string{
		"eq": "0100", "ne": "1010", "lt": "1000", "le": "1100", "gt": "0010", "ge": "0110",
		"equ": "0101", "neu": "1011", "ltu": "1001", "leu": "1101", "gtu": "0011", "geu": "0111", "num": "1110", "nan": "0001",
	}
	operands := map[string][][]uint64{
		"s32": {{i(-1), 1}, {3, 3}, {1, i(-1)}},
		"u32": {{1, i(-1)}, {3, 3}, {i(-1), 1}},
		"b64": {{1, 1 << 40}, {1 << 40, 1 << 40}, {1 << 40, 1}},
		"b32": {{1, 2}, {3, 3}, {2, 1}},
		"s16": {{1, 2}, {3, 3}, {2, 1}},
		"s64": {{l(-1), 1}, {1 << 40, 1 << 40}, {1, l(-1)}},
		"u64": {{1, l(-1)}, {1 << 40, 1 << 40}, {l(-1), 1}},
		"f32": {{f(-1), f(1)}, {0, 1 << 31}, {f(math.Inf(1)), f(1)}, {aNumber, f(1)}},
	}
	for relation, truths := range holds {
		for suffix, pairs := range operands {
			ofFloats, onlyEquality := len(relation) == 3, suffix == "b32" || suffix == "b64" || suffix == "s16"
			if ofFloats && suffix != "f32" || onlyEquality && relation != "eq" && relation != "ne" {
				continue
			}
			name := "setp." + relation + "." + suffix
			for at, in := range pairs {
				want := uint64(truths[at] - '0')
				if suffix == "f32" && at == 3 && relation == "ne" {
					want = 0 // ordered: not of a NaN
				}
				all[name] = append(all[name], of(want, in...))
			}
		}
	}
}

// formKernel applies a form to its parameters and writes the low and the high half
// of the result.
func formKernel(t *testing.T, name string, form form) *Kernel {
	t.Helper()
	prefix := map[byte]string{'w': "%r", 'h': "%rs", 'l': "%rd", 'p': "%p"}
	params, code := ".param .u64 out", "ld.param.u64 %rd8, [out];\n"
	operands := prefix[form.kinds[0]] + "9"
	for n, k := range []byte(form.kinds[1:]) {
		from, to := fmt.Sprintf("[in%d]", n), fmt.Sprintf("%s%d", prefix[k], n)
		operands += ", " + to
		size, word := "u32", fmt.Sprintf("%%r%d", n)
		switch k {
		case 'l':
			size = "u64"
			code += fmt.Sprintf("ld.param.u64 %s, %s;\n", to, from)
		default:
			code += fmt.Sprintf("ld.param.u32 %s, %s;\n", word, from)
		}
		params += fmt.Sprintf(",\n.param .%s in%d", size, n)
		switch k {
		case 'h': // parameters have 32 bits
			code += fmt.Sprintf("st.global.u32 [%%rd8], %s;\nld.global.u8 %s, [%%rd8];\n", word, to)
		case 'p':
			code += fmt.Sprintf("setp.ne.s32 %s, %s, 0;\n", to, word)
		}
	}
	code += name + " " + operands + ";\n" + map[byte]string{
		'w': "",
		'l': "cvt.u32.u64 %r9, %rd9;\nshr.u64 %rd9, %rd9, 32;\ncvt.u32.u64 %r7, %rd9;\nst.global.u32 [%rd8+4], %r7;\n",
		'p': "selp.b32 %r9, 1, 0, %p9;\n",
		'h': "setp.eq.s16 %p9, %rs9, 8;\nselp.b32 %r9, 8, 0, %p9;\n",
	}[form.kinds[0]] + "st.global.u32 [%rd8], %r9;\nret;\n"
	text := ".visible .entry k(\n" + params + "\n)\n{\n" +
		".reg .pred %p<10>;\n.reg .b16 %rs<10>;\n.reg .b32 %r<10>;\n.reg .b64 %rd<10>;\n" + code + "}\n"
	m, err := Load(text)
	require.NoError(t, err, strings.ReplaceAll(text, "\n", "\n  "))
	return m.Kernel("k")
}

func runForm(t *testing.T, m *Machine, k *Kernel, in []uint64) uint64 {
	t.Helper()
	out, err := m.Alloc(8)
	require.NoError(t, err)
	require.NoError(t, m.Write(out, []float32{0, 0}))
	require.NoError(t, m.Launch(k, [3]int{1, 1, 1}, [3]int{1, 1, 1}, append([]uint64{out}, in...)))
	halves := make([]float32, 2)
	require.NoError(t, m.Read(halves, out))
	require.NoError(t, m.Free(out))
	return uint64(math.Float32bits(halves[0])) | uint64(math.Float32bits(halves[1]))<<32
}
