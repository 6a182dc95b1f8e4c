package ptx

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
)

// form is an instruction with its types: what its operands are, result first, and
// what it does.
type form struct {
	kinds string
	run   exec
}

// allForms are all that compute, by name. What is not here is refused.
func allForms() map[string]form {
	all := map[string]form{}
	for _, some := range []map[string]form{moves(), integers(), longIntegers(), logic(), floats(), conversions()} {
		maps.Copy(all, some)
	}
	compare(all, ".s32", signed)
	compare(all, ".u32", itself)
	compare(all, ".f32", math.Float32frombits)
	compareLongs(all, ".s64", func(a uint64) int64 { return int64(a) })
	compareLongs(all, ".u64", func(a uint64) uint64 { return a })
	unordered(all)
	for _, equal := range []string{"setp.eq.", "setp.ne."} {
		all[equal+"b32"] = all[equal+"u32"]
		all[equal+"b64"] = all[equal+"u64"]
		all[equal+"s16"] = form{"phh", all[equal+"u32"].run}
	}
	return all
}

func signed(a uint32) int32  { return int32(a) }
func itself(a uint32) uint32 { return a }

func moves() map[string]form {
	same := words1(itself)
	return map[string]form{
		"mov.u32":  {"ww", same},
		"mov.b32":  {"ww", same},
		"mov.f32":  {"ww", same},
		"mov.pred": {"pp", same},
		"mov.u64":  {"ll", longs1(func(a uint64) uint64 { return a })},
		"selp.b32": {"wwwp", selectWords},
		"selp.u32": {"wwwp", selectWords},
		"selp.s32": {"wwwp", selectWords},
		"selp.f32": {"wwwp", selectWords},
		"selp.b64": {"lllp", selectLongs},
		"selp.u64": {"lllp", selectLongs},
		"selp.s64": {"lllp", selectLongs},
	}
}

func integers() map[string]form {
	add := words2(func(a, b uint32) uint32 { return a + b })
	sub := words2(func(a, b uint32) uint32 { return a - b })
	mul := words2(func(a, b uint32) uint32 { return a * b })
	mad := words3(func(a, b, c uint32) uint32 { return a*b + c })
	return map[string]form{
		"add.s32":    {"www", add},
		"sub.s32":    {"www", sub},
		"mul.lo.s32": {"www", mul},
		"mad.lo.s32": {"wwww", mad},
		"mul.hi.u32": {"www", words2(func(a, b uint32) uint32 { hi, _ := bits.Mul32(a, b); return hi })},
		"mul.hi.s32": {"www", words2(func(a, b uint32) uint32 { return uint32(int64(int32(a)) * int64(int32(b)) >> 32) })},
		"div.s32":    {"www", divide(func(a, b uint32) uint32 { return uint32(int32(a) / int32(b)) })},
		"div.u32":    {"www", divide(func(a, b uint32) uint32 { return a / b })},
		"rem.s32":    {"www", divide(func(a, b uint32) uint32 { return uint32(int32(a) % int32(b)) })},
		"rem.u32":    {"www", divide(func(a, b uint32) uint32 { return a % b })},
		"min.s32":    {"www", words2(func(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) })},
		"max.s32":    {"www", words2(func(a, b uint32) uint32 { return uint32(max(int32(a), int32(b))) })},
		"min.u32":    {"www", words2(func(a, b uint32) uint32 { return min(a, b) })},
		"max.u32":    {"www", words2(func(a, b uint32) uint32 { return max(a, b) })},
		"neg.s32":    {"ww", words1(func(a uint32) uint32 { return -a })},
		"abs.s32":    {"ww", words1(func(a uint32) uint32 { return uint32(max(int32(a), -int32(a))) })},
		"bfe.u32":    {"wwww", words3(func(a, from, n uint32) uint32 { return a >> from & (1<<n - 1) })},
		"shl.b32":    {"www", words2(func(a, b uint32) uint32 { return a << b })},
		"shr.u32":    {"www", words2(func(a, b uint32) uint32 { return a >> b })},
		"shr.s32":    {"www", words2(func(a, b uint32) uint32 { return uint32(int32(a) >> b) })},
	}
}

func longIntegers() map[string]form {
	return map[string]form{
		"add.s64":      {"lll", longs2(func(a, b uint64) uint64 { return a + b })},
		"sub.s64":      {"lll", longs2(func(a, b uint64) uint64 { return a - b })},
		"mul.lo.s64":   {"lll", longs2(func(a, b uint64) uint64 { return a * b })},
		"mul.wide.s32": {"lww", widen(func(a, b uint32) uint64 { return uint64(int64(int32(a)) * int64(int32(b))) })},
		"mul.wide.u32": {"lww", widen(func(a, b uint32) uint64 { return uint64(a) * uint64(b) })},
		"shl.b64":      {"llw", shiftLongs(func(a uint64, b uint32) uint64 { return a << b })},
		"shr.u64":      {"llw", shiftLongs(func(a uint64, b uint32) uint64 { return a >> b })},
		"shr.s64":      {"llw", shiftLongs(func(a uint64, b uint32) uint64 { return uint64(int64(a) >> b) })},
		"and.b64":      {"lll", longs2(func(a, b uint64) uint64 { return a & b })},
		"or.b64":       {"lll", longs2(func(a, b uint64) uint64 { return a | b })},
		"xor.b64":      {"lll", longs2(func(a, b uint64) uint64 { return a ^ b })},
		"not.b64":      {"ll", longs1(func(a uint64) uint64 { return ^a })},
		"neg.s64":      {"ll", longs1(func(a uint64) uint64 { return -a })},
		"min.s64":      {"lll", longs2(func(a, b uint64) uint64 { return uint64(min(int64(a), int64(b))) })},
		"max.s64":      {"lll", longs2(func(a, b uint64) uint64 { return uint64(max(int64(a), int64(b))) })},
	}
}

func logic() map[string]form {
	and := words2(func(a, b uint32) uint32 { return a & b })
	or := words2(func(a, b uint32) uint32 { return a | b })
	xor := words2(func(a, b uint32) uint32 { return a ^ b })
	return map[string]form{
		"and.b32":  {"www", and},
		"or.b32":   {"www", or},
		"or.b16":   {"hhh", or},
		"xor.b32":  {"www", xor},
		"not.b32":  {"ww", words1(func(a uint32) uint32 { return ^a })},
		"and.b16":  {"hhh", and},
		"and.pred": {"ppp", and},
		"or.pred":  {"ppp", or},
		"xor.pred": {"ppp", xor},
		"not.pred": {"pp", words1(func(a uint32) uint32 { return a ^ 1 })},
	}
}

// compare adds the comparisons of a type of 32 bits.
func compare[T cmp.Ordered](all map[string]form, suffix string, of func(uint32) T) {
	add := func(name string, holds func(a, b T) bool) {
		all["setp."+name+suffix] = form{"pww", words2(func(a, b uint32) uint32 { return truth(holds(of(a), of(b))) })}
	}
	relations(add)
}

// compareLongs adds the comparisons of a type of 64 bits.
func compareLongs[T cmp.Ordered](all map[string]form, suffix string, of func(uint64) T) {
	add := func(name string, holds func(a, b T) bool) {
		all["setp."+name+suffix] = form{"pll", narrow2(func(a, b uint64) uint32 { return truth(holds(of(a), of(b))) })}
	}
	relations(add)
}

// relations hands over the six relations; with a NaN none holds, ne neither.
func relations[T cmp.Ordered](add func(name string, holds func(a, b T) bool)) {
	add("eq", func(a, b T) bool { return a == b })
	add("lt", func(a, b T) bool { return a < b })
	add("le", func(a, b T) bool { return a <= b })
	add("gt", func(a, b T) bool { return a > b })
	add("ge", func(a, b T) bool { return a >= b })
	add("ne", func(a, b T) bool { return a < b || a > b })
}

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
