package ptx

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
)

// kernel is a module with one kernel: y a pointer, n an int, a a float, and some
// registers of each kind.
func kernel(code string) string {
	return `.version 6.0
.target sm_52
.address_size 64
.visible .entry k(
	.param .u64 y,
	.param .u32 n,
	.param .f32 a
)
{
	.reg .pred %p<4>;
	.reg .b16 %rs<4>;
	.reg .b32 %r<8>;
	.reg .f32 %f<8>;
	.reg .b64 %rd<8>;
	.shared .align 4 .b8 t[1024];
` + code + "\n}\n"
}

// codeLine is where the code of kernel begins.
const codeLine = 15

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"instruction", "sin.rn.f32 %f1, %f2;", "instruction sin.rn.f32 is not known"},
		{"approximation", "div.approx.f32 %f1, %f2, %f3;", "instruction div.approx.f32 is not known"},
		{"flushing", "add.ftz.f32 %f1, %f2, %f3;", "instruction add.ftz.f32 is not known"},
		{"double precision", "add.f64 %f1, %f2, %f3;", "instruction add.f64 is not known"},
		{"atomics", "atom.global.add.u32 %r1, [%rd1], 1;", "instruction atom.global.add.u32 is not known"},
		{"cached loads", "ld.global.nc.f32 %f1, [%rd1];", "instruction ld.global.nc.f32 is not known"},
		{"local memory", "ld.local.f32 %f1, [%rd1];", "instruction ld.local.f32 is not known"},
		{"stores to parameters", "st.param.f32 [a], %f1;", "instruction st.param.f32 is not known"},
		{"stores of bytes", "st.global.u8 [%rd1], %rs1;", "instruction st.global.u8 is not known"},
		{"calls", "call.uni foo;", "instruction call.uni is not known"},
		{"conditions", "@%p1 add.s32 %r1, %r2, %r3;", "add.s32 under a condition is not known"},
		{"other barriers", "bar.sync 1;", `bar.sync with operands ["1"] is not known`},
		{"results of ret", "ret %r1;", `ret with operands ["%r1"] is not known`},
		{"directives", ".loc 1 2 3;", "instruction .loc is not known"},
		{"too many operands", "add.s32 %r1, %r2, %r3, %r4;", "add.s32 has 4 operands, want 3"},
		{"operands of a branch", "bra L, M;", "bra has 2 operands, want a label"},
		{"operands of a load", "ld.global.f32 %f1;", "ld.global.f32 has 1 operands, want 2"},
		{"registers nobody declared", "add.s32 %r1, %r2, %r8;", `"%r8" is not a register`},
		{"registers of another size", "add.s32 %r1, %r2, %rd1;", `"%rd1" is a register of another type`},
		{"predicates as numbers", "add.s32 %r1, %r2, %p1;", `"%p1" is a register of another type`},
		{"numbers as results", "add.s32 1, %r2, %r3;", `"1" is not a register`},
		{"numbers out of range", "add.s32 %r1, %r2, 4294967296;", "neither a register nor a number"},
		{"floats as integers", "add.s64 %rd1, %rd2, 0f3F800000;", "neither a register nor a number"},
		{"special registers", "mov.u32 %r1, %laneid;", "is not a register"},
		{"special axes", "mov.u32 %r1, %tid.w;", "is not a register"},
		{"parameters", "ld.param.u32 %r1, [m];", `no parameter "m"`},
		{"sizes of parameters", "ld.param.u64 %rd1, [n];", "parameter n has 4 bytes, not 8"},
		{"places without brackets", "ld.global.f32 %f1, %rd1;", "want [address]"},
		{"offsets", "ld.global.f32 %f1, [%rd1+%rd2];", `offset "%rd2", want a number`},
		{"short vectors", "ld.shared.v4.f32 {%f1, %f2}, [%rd1];", "2 registers"},
		{"vectors of three", "ld.shared.v3.f32 {%f1, %f2, %f3}, [%rd1];", "ld.shared.v3.f32 is not known"},
		{"labels", "bra L;", "there is no label L"},
		{"labels twice", "L:\nL:", "label L is there twice"},
		{"missing semicolons", "ret", "does not end in a semicolon"},
		{"late registers", "ret;\n.reg .b32 %x<2>;", "after an instruction"},
		{"registers twice", ".reg .b32 %r<2>;", "come twice"},
		{"wide registers", ".reg .f64 %x<2>;", "want .pred"},
		{"far too many registers", ".reg .b32 %x<99999999>;", "want at most"},
		{"large variables", ".shared .align 4 .b8 u[99999];", "want 1 to 16384 bytes"},
		{"variables of another type", ".shared .align 4 .b32 u[9];", "want .align n .b8"},
		{"no end", "add.s32 %r1, %r2, %r3;", "runs on over its end"},
		{"an end that only some reach", "@%p1 bra L;\nL:", "runs on over its end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(kernel(c.code))
			require.ErrorContains(t, err, c.want)
			var syntax *SyntaxError
			require.True(t, errors.As(err, &syntax))
			require.GreaterOrEqual(t, syntax.Line, codeLine+1)
		})
	}
}

func TestWhatIsNotKnownOutsideKernelsIsRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{".version 8.0", `PTX line 1: ".version 8.0" is not known`},
		{".target sm_90", "not known"},
		{".func foo()", "not known"},
		{".global .b32 x;", "not known"},
		{".visible .entry k(\n.param .f64 x", "PTX line 2: parameter x of type .f64"},
		{".visible .entry k(\n.maxntid 3", `PTX line 2: ".maxntid 3" is not known in a kernel's signature`},
		{".visible .entry (", "has no name"},
		{kernel("ret;") + kernel("ret;"), "twice"},
		{strings.TrimSuffix(kernel("ret;"), "}\n"), "kernel k does not end"},
	} {
		_, err := Load(c.text)
		require.ErrorContains(t, err, c.want)
	}
}

// Parameters lie as a C compiler would put them.
func TestParametersHaveSizesAndPlaces(t *testing.T) {
	m, err := Load(".visible .entry k(\n.param .u32 a,\n.param .u64 b,\n.param .f32 c\n)\n{\nret;\n}\n")
	require.NoError(t, err)
	require.Equal(t, []Param{{4, false, 0}, {8, false, 8}, {4, true, 16}}, m.Kernel("k").Params)
	require.Nil(t, m.Kernel("l"))
}

// A register is assigned where it is on every way there, loops included.
func TestKernelsAreProvedToReadOnlyWhatTheyWrote(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       bool
	}{
		{"straight", "mov.u32 %r1, 1;\nadd.s32 %r2, %r1, %r1;\nret;", true},
		{"never", "add.s32 %r2, %r1, 1;\nret;", false},
		{"on one way", "setp.eq.s32 %p1, 1, 1;\n@%p1 bra L;\nmov.u32 %r1, 1;\nL:\nmov.u32 %r2, %r1;\nret;", false},
		{"on both", "setp.eq.s32 %p1, 1, 1;\nmov.u32 %r1, 1;\n@%p1 bra L;\nmov.u32 %r1, 2;\nL:\nmov.u32 %r2, %r1;\nret;", true},
		{"around a loop", "mov.u32 %r1, 1;\nL:\nadd.s32 %r1, %r1, 1;\nsetp.lt.s32 %p1, %r1, 9;\n@%p1 bra L;\nret;", true},
		{"late in a loop", "mov.u32 %r1, 1;\nL:\nadd.s32 %r1, %r1, %r2;\nmov.u32 %r2, 1;\nsetp.lt.s32 %p1, %r1, 9;\n@%p1 bra L;\nret;", false},
		{"as a condition", "@%p1 bra L;\nL:\nret;", false},
		{"where nothing leads", "ret;\nadd.s32 %r2, %r1, 1;\nret;", true},
		{"by a load", "ld.param.u64 %rd1, [y];\nld.global.f32 %f1, [%rd1];\nst.global.f32 [%rd1], %f1;\nret;", true},
		{"as an address", "st.global.f32 [%rd1], 0f00000000;\nret;", false},
		{"as what is stored", "ld.param.u64 %rd1, [y];\nst.global.f32 [%rd1], %f1;\nret;", false},
	} {
		m, err := Load(kernel(c.code))
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, m.Kernel("k").proved, c.name)
	}
}

// Whatever the text, Load returns; and what it takes has places for all it does.
func FuzzLoad(f *testing.F) {
	f.Add(kernels.PTX())
	for _, code := range []string{"ret;", "bar.sync 0;\nret;", "L:\n@!%p1 bra L;\nret;", "ld.shared.v4.f32 {%f1, %f2, %f3, %f4}, [t+16];\nret;"} {
		f.Add(kernel(code))
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Load(text)
		if err != nil {
			var syntax *SyntaxError
			require.True(t, errors.As(err, &syntax), "%v", err)
			return
		}
		for _, k := range m.Kernels() {
			for i := range k.code {
				for _, next := range k.successors(i) {
					require.Less(t, next, len(k.code), fmt.Sprint(k.Name))
				}
			}
		}
	})
}
