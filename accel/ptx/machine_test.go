package ptx

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// address has %rd1 be y plus four times the thread's number in the block.
const address = `	mov.u32 %r1, %tid.x;
	ld.param.u64 %rd1, [y];
	mul.wide.s32 %rd2, %r1, 4;
	add.s64 %rd1, %rd1, %rd2;
`

// start runs code over blocks of threads, with y memory of a number of floats.
func start(t *testing.T, o Options, code string, floats, blocks, threads int) ([]float32, error) {
	t.Helper()
	module, err := Load(kernel(code))
	require.NoError(t, err)
	m := NewMachine(o)
	y, err := m.Alloc(4 * floats)
	require.NoError(t, err)
	err = m.Launch(module.Kernel("k"), [3]int{blocks, 1, 1}, [3]int{threads, 1, 1}, []uint64{y, uint64(floats), f(0.5)})
	got := make([]float32, floats)
	require.NoError(t, m.Read(got, y))
	return got, err
}

// What a kernel must not do, and what the fault says of it. Thread 1 does it.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"behind the end", address + "st.global.f32 [%rd1+12], 0f00000000;\nret;", "4 bytes at byte 16 of an allocation of 16 bytes"},
		{"before the beginning", address + "sub.s64 %rd1, %rd1, %rd2;\nsub.s64 %rd1, %rd1, %rd2;\nld.global.f32 %f1, [%rd1];\nret;", "4 bytes at byte -4 of an allocation of 16 bytes"},
		{"half behind the end", address + "ld.global.v2.f32 {%f1, %f2}, [%rd1+8];\nret;", "8 bytes at byte 12 are not aligned"},
		{"not aligned", address + "add.s64 %rd1, %rd1, %rd2;\nld.global.v2.f32 {%f1, %f2}, [%rd1+-4];\nret;", "8 bytes at byte -4 are not aligned"},
		{"nowhere", address + "shl.b64 %rd2, %rd2, 60;\nadd.s64 %rd1, %rd1, %rd2;\nmul.lo.s64 %rd1, %rd1, %rd2;\nld.global.f32 %f1, [%rd1];\nret;", "no memory was ever here"},
		{"a shared address in global memory", "ld.global.f32 %f1, [t];\nret;", "no memory was ever here"},
		{"shared memory", "mov.u32 %r1, %tid.x;\nmul.wide.s32 %rd1, %r1, 1024;\nmov.u64 %rd2, t;\nadd.s64 %rd1, %rd1, %rd2;\nld.shared.f32 %f1, [%rd1];\nret;", "4 bytes at byte 1024 of an allocation of 1024 bytes"},
		{"a barrier that not all reach", "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 1;\n@%p1 bra L;\nbar.sync 0;\nL:\nret;", "does not reach the barrier that others wait at"},
		{"two barriers at a time", "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 1;\n@%p1 bra L;\nbra.uni M;\nL:\nbar.sync 0;\nret;\nM:\nbar.sync 0;\nret;", "does not reach the barrier that others wait at"},
		{"a branch on nothing", "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 0;\n@%p1 bra L;\n@%p2 bra L;\nL:\nret;", "branch on a register that nothing was written to"},
		{"no end", "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 1;\nL:\n@%p1 bra L;\nret;", "the block does not end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := start(t, Options{Steps: 1000}, c.code, 4, 1, 2)
			var fault *Fault
			require.True(t, errors.As(err, &fault), "%v", err)
			require.Contains(t, fault.What, c.want)
			require.Equal(t, "k", fault.Kernel)
			require.Greater(t, fault.Line, codeLine)
		})
	}
}

// Two threads that touch a word with nothing between that orders them, one of them
// writing another value.
func TestRaces(t *testing.T) {
	const shared = "mov.u32 %r1, %tid.x;\nmul.wide.s32 %rd2, %r1, 4;\nmov.u64 %rd3, t;\nadd.s64 %rd1, %rd3, %rd2;\ncvt.rn.f32.s32 %f1, %r1;\n"
	const first = "setp.ne.s32 %p1, %r1, 0;\n@%p1 bra L;\n"
	for _, c := range []struct {
		name, code      string
		blocks, threads int
		want            string
	}{
		{"read of another's word", shared + "st.shared.f32 [%rd1], %f1;\nld.shared.f32 %f2, [t];\nret;", 1, 2, "written by thread number 0"},
		{"behind a barrier", shared + "st.shared.f32 [%rd1], %f1;\nbar.sync 0;\nld.shared.f32 %f2, [t];\nret;", 1, 64, ""},
		{"write of what another reads", shared + "ld.shared.f32 %f2, [t];\n" + first + "st.shared.f32 [t], %f1;\nL:\nret;", 1, 2, "read by several threads"},
		{"write of what was read before a barrier", shared + "ld.shared.f32 %f2, [t];\nbar.sync 0;\n" + first + "st.shared.f32 [t], %f1;\nL:\nret;", 1, 64, ""},
		{"two values", shared + "st.shared.f32 [t], %f1;\nret;", 1, 2, "written by thread number 0"},
		{"one value", shared + "st.shared.f32 [t], 0f3F800000;\nret;", 1, 64, ""},
		{"one value, read by one of them", shared + "st.shared.f32 [t], 0f3F800000;\nld.shared.f32 %f2, [t];\nret;", 1, 64, "written by several threads"},
		{"a byte of it", shared + "st.shared.f32 [%rd1], %f1;\nld.shared.u8 %rs1, [t+1];\nret;", 1, 2, "written by thread number 0"},
		{"blocks with shared memory of their own", shared + "st.shared.f32 [%rd1], %f1;\nret;", 9, 64, ""},
		{"blocks on the same words", address + "mov.u32 %r2, %ctaid.x;\ncvt.rn.f32.s32 %f1, %r2;\nst.global.f32 [%rd1], %f1;\nret;", 2, 1, "written in another block"},
		{"blocks on the same words with one value", address + "st.global.f32 [%rd1], 0f00000000;\nret;", 9, 64, ""},
		{"read of another block's word", address + "mov.u32 %r2, %ctaid.x;\nsetp.eq.s32 %p1, %r2, 1;\n@%p1 bra L;\nst.global.f32 [%rd1], 0f00000000;\nret;\nL:\nld.global.f32 %f1, [%rd1];\nret;", 2, 1, "written in another block"},
		{"write of what another block read", address + "mov.u32 %r2, %ctaid.x;\nld.global.f32 %f1, [%rd1];\nsetp.lt.s32 %p1, %r2, 2;\n@%p1 bra L;\nst.global.f32 [%rd1], 0f00000000;\nL:\nret;", 3, 1, "read in another block"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := start(t, Options{Races: true}, c.code, 256, c.blocks, c.threads)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "race: this word was "+c.want)
			_, err = start(t, Options{Workers: 1}, c.code, 256, c.blocks, c.threads)
			require.NoError(t, err, "nobody looks")
		})
	}
}

// Launches are ordered: what one wrote another one reads.
func TestLaunchesDoNotRace(t *testing.T) {
	module, err := Load(kernel(address + "mov.u32 %r2, %tid.x;\nst.global.u32 [%rd1], %r2;\nld.param.f32 %f1, [a];\nret;"))
	require.NoError(t, err)
	m := NewMachine(Options{Races: true})
	y, err := m.Alloc(64)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, m.Launch(module.Kernel("k"), [3]int{1, 1, 1}, [3]int{16, 1, 1}, []uint64{y, 0, 0}))
	}
}

// Lanes part at branches and meet again, at barriers too.
func TestThreadsOfAWarpGoTheirOwnWays(t *testing.T) {
	// y[i] is the sum of 0 to i, by a loop whose length differs from lane to lane.
	got, err := start(t, Options{Races: true}, address+`	mov.u32 %r2, 0;
	mov.u32 %r3, 0;
L:
	add.s32 %r3, %r3, %r2;
	add.s32 %r2, %r2, 1;
	setp.le.s32 %p1, %r2, %r1;
	@%p1 bra L;
	bar.sync 0;
	and.b32 %r4, %r1, 1;
	setp.eq.s32 %p2, %r4, 0;
	@!%p2 bra M;
	neg.s32 %r3, %r3;
M:
	bar.sync 0;
	cvt.rn.f32.s32 %f1, %r3;
	st.global.f32 [%rd1], %f1;
	ret;`, 70, 1, 70)
	require.NoError(t, err)
	for i, v := range got {
		want := float32(i * (i + 1) / 2)
		if i%2 == 0 {
			want = 0 - want
		}
		require.Equal(t, want, v, "thread %d", i)
	}
}

// Every thread has its place in block and grid.
func TestSpecialRegisters(t *testing.T) {
	text := ".visible .entry k(\n.param .u64 y\n)\n{\n.reg .b32 %r<20>;\n.reg .b64 %rd<5>;\nld.param.u64 %rd1, [y];\n"
	for n, name := range []string{"tid.x", "tid.y", "tid.z", "ctaid.x", "ctaid.y", "ctaid.z", "ntid.x", "ntid.y", "ntid.z", "nctaid.x", "nctaid.y", "nctaid.z"} {
		text += "mov.u32 %r" + string("0123456789ab"[n]) + ", %" + name + ";\n"
	}
	text = strings.NewReplacer("%ra", "%r10", "%rb", "%r11").Replace(text)
	// The number of the thread in the grid, along x first, block by block.
	text += `mad.lo.s32 %r12, %r5, %r10, %r4;
mad.lo.s32 %r12, %r12, %r9, %r3;
mad.lo.s32 %r12, %r12, %r8, %r2;
mad.lo.s32 %r12, %r12, %r7, %r1;
mad.lo.s32 %r12, %r12, %r6, %r0;
mul.wide.s32 %rd2, %r12, 4;
add.s64 %rd1, %rd1, %rd2;
mad.lo.s32 %r13, %r11, 1000, %r12;
st.global.u32 [%rd1], %r13;
ret;
}
`
	module, err := Load(text)
	require.NoError(t, err)
	for _, workers := range []int{1, 3} {
		m := NewMachine(Options{Workers: workers})
		y, err := m.Alloc(4 * 2 * 3 * 4 * 5 * 6 * 7)
		require.NoError(t, err)
		require.NoError(t, m.Launch(module.Kernel("k"), [3]int{5, 6, 7}, [3]int{2, 3, 4}, []uint64{y}))
		got := make([]float32, 2*3*4*5*6*7)
		require.NoError(t, m.Read(got, y))
		for i, v := range got {
			require.EqualValues(t, 7000+i, math.Float32bits(v))
		}
	}
}

// What nobody wrote is poison: in memory, and in registers, block after block.
func TestNothingIsLeftOfEarlierBlocks(t *testing.T) {
	const code = `	mov.u32 %r1, %ctaid.x;
	mul.wide.s32 %rd2, %r1, 12;
	ld.param.u64 %rd1, [y];
	add.s64 %rd1, %rd1, %rd2;
	ld.shared.u32 %r3, [t];
	st.global.u32 [%rd1], %r2;
	st.global.u32 [%rd1+4], %r3;
	mov.u32 %r2, 7;
	st.shared.u32 [t], %r2;
	ret;`
	got, err := start(t, Options{Workers: 1}, code, 6, 2, 1)
	require.NoError(t, err)
	for i, v := range got {
		require.EqualValues(t, poison, math.Float32bits(v), "word %d", i)
	}
}

func TestLaunchesThatNoCardTakesAreRefused(t *testing.T) {
	module, err := Load(kernel("ret;"))
	require.NoError(t, err)
	m, k := NewMachine(Options{}), module.Kernel("k")
	one := [3]int{1, 1, 1}
	for _, c := range []struct {
		grid, block [3]int
		params      int
		want        string
	}{
		{one, one, 2, "launching k: 2 parameters, want 3"},
		{[3]int{0, 1, 1}, one, 3, "a grid of [0 1 1] blocks"},
		{[3]int{1, 65536, 1}, one, 3, "a grid of [1 65536 1] blocks"},
		{[3]int{1 << 30, 60000, 60000}, one, 3, "blocks, want at most"},
		{one, [3]int{257, 1, 1}, 3, "a block of [257 1 1] threads"},
		{one, [3]int{16, 32, 1}, 3, "a block of [16 32 1] threads"},
		{one, [3]int{1, 1, 0}, 3, "a block of [1 1 0] threads"},
	} {
		require.ErrorContains(t, m.Launch(k, c.grid, c.block, make([]uint64, c.params)), c.want)
	}
}

func TestMemoryIsWatched(t *testing.T) {
	m := NewMachine(Options{MemoryBytes: 100})
	a, err := m.Alloc(60)
	require.NoError(t, err)
	require.Zero(t, a%256)
	_, err = m.Alloc(41)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	_, err = m.Alloc(0)
	require.ErrorContains(t, err, "allocating 0 bytes")
	require.NoError(t, m.Write(a+8, []float32{1, 2}))
	got := make([]float32, 3)
	require.NoError(t, m.Read(got, a+8))
	require.Equal(t, []float32{1, 2}, got[:2])
	require.EqualValues(t, poison, math.Float32bits(got[2]))
	require.ErrorContains(t, m.Write(a+56, []float32{1, 2}), "writing to the device: 2 floats")
	require.ErrorContains(t, m.Read(got, a+2), "not aligned")
	require.ErrorContains(t, m.Free(a+4), "not the address of an allocation")
	require.EqualValues(t, 60, m.Used())
	require.NoError(t, m.Free(a))
	require.Zero(t, m.Used())
	require.ErrorContains(t, m.Free(a), "not the address of an allocation")
	require.ErrorContains(t, m.Write(a, got), "this memory was freed")
	b, err := m.Alloc(100)
	require.NoError(t, err)
	require.NotEqual(t, a, b, "addresses are not used again")
}
