package cuda_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// session opens a card, runs a program on it and closes everything, whatever
// happens. It returns the first error that is not about closing.
func session(t *testing.T, double *cudatest.Double) error {
	t.Helper()
	d, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
	if err != nil {
		return err
	}
	err = work(t, d)
	require.NoError(t, d.Close(), "a card can be closed in any state")
	return err
}

// work compiles and runs a small program twice.
func work(t *testing.T, d accel.Device) (err error) {
	t.Helper()
	closing := func(what string, close func() error) {
		if e := close(); e != nil && !errors.Is(e, accel.ErrLost) {
			t.Errorf("close %s: %v", what, e)
		}
	}
	exec, err := d.Compile(dense(), 2)
	if err != nil {
		return err
	}
	defer func() { closing("exec", exec.Close) }()
	in, err := d.Alloc(2 * 3)
	if err != nil {
		return err
	}
	defer func() { closing("input", in.Free) }()
	out, err := d.Alloc(2 * 4)
	if err != nil {
		return err
	}
	defer func() { closing("output", out.Free) }()
	s, err := d.NewStream()
	if err != nil {
		return err
	}
	defer func() { closing("stream", s.Close) }()
	y := make([]float32, 8)
	for range 2 {
		if err := errors.Join(
			s.Upload(in, []float32{1, 2, 3, 4, 5, 6}),
			s.Run(exec, 2, accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{out}}),
			s.Download(y, out), s.Sync(t.Context())); err != nil {
			return err
		}
	}
	return nil
}

// dense is a product of [N 3] with [3 4].
func dense() *accel.Program {
	b := &acceltest.Builder{}
	random := rand.New(rand.NewPCG(5, 1))
	w := accel.NewTensor(3, 4)
	for i := range w.Data {
		w.Data[i] = random.Float32()
	}
	return b.Program(b.Step(accel.MatMul{Alpha: 1, Beta: 1}, b.Input(accel.BatchShape(3)), b.Const(w), accel.NoValue))
}

// stride leaves most of many cases out of a short test.
func stride() int {
	if testing.Short() {
		return 11
	}
	return 1
}

// Whichever call is the one at which the card goes, the session ends with an error
// that says so, and everything closes.
func TestTheCardGoesAtAnyCall(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	require.NoError(t, session(t, double))
	calls := double.Calls("")
	for n := 0; n < calls; n += stride() {
		double.Fail("", n, 719)
		err := session(t, double)
		double.Mend()
		if err != nil {
			require.ErrorIs(t, err, accel.ErrLost, "call %d of %d", n, calls)
		}
	}
	require.NoError(t, session(t, double), "a new context is a new beginning")
	require.Zero(t, double.Used())
}

// Whichever allocation is refused, nothing is left behind and the next session works.
func TestMemoryEndsAtAnyAllocation(t *testing.T) {
	for _, call := range []string{"cuMemAlloc_v2", "cuMemAllocHost_v2"} {
		double := cudatest.New(t, cudatest.Options{})
		require.NoError(t, session(t, double))
		calls := double.Calls(call)
		require.Positive(t, calls)
		for n := 0; n < calls; n += stride() {
			double.Fail(call, n, 2)
			require.ErrorIs(t, session(t, double), accel.ErrOutOfMemory, "%s %d of %d", call, n, calls)
			double.Mend()
			require.NoError(t, session(t, double))
		}
	}
}

func TestMemoryThatACardDoesNotHave(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Memory: 1 << 20}}})
	driver, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	half, err := driver.Alloc(1 << 19)
	require.NoError(t, err)
	_, err = driver.Alloc(1 << 20)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
	require.ErrorContains(t, err, "1048576 bytes, of 524288 free on a card of 1048576")
	require.NoError(t, driver.Free(half))
	require.NoError(t, driver.Close())
}

// What each of these codes leaves is a context of no use.
func TestCodesAfterWhichACardIsLost(t *testing.T) {
	for _, code := range []int{214, 220, 700, 702, 709, 716, 719, 999} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			double := cudatest.New(t, cudatest.Options{})
			d := opened(t, double)
			require.NoError(t, work(t, d))
			double.Unplug(code)
			require.ErrorIs(t, work(t, d), accel.ErrLost)
			require.NoError(t, d.Close())
			_, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
			require.ErrorIs(t, err, accel.ErrNoDevice, "it is not there for anybody")
		})
	}
}

// A kernel that writes beside its memory breaks the context and no more: the card
// can be opened again.
func TestAKernelThatGoesAstray(t *testing.T) {
	double := cudatest.New(t, cudatest.Options{})
	driver, err := cuda.OpenDriver(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	require.ErrorIs(t, astray(t, driver), accel.ErrLost)
	_, err = driver.Alloc(4)
	require.ErrorIs(t, err, accel.ErrLost, "lost is lost")
	require.NoError(t, driver.Close())
	require.Len(t, double.Problems(), 1)
	require.NoError(t, session(t, double))
}

// astray fills more than there is and returns what the queue says of it.
func astray(t *testing.T, driver launch.Driver) error {
	t.Helper()
	all, err := kernels.All()
	require.NoError(t, err)
	y, err := driver.Alloc(4)
	require.NoError(t, err)
	q, err := driver.NewQueue()
	require.NoError(t, err)
	require.NoError(t, q.Launch(all["fill"], [3]int{1, 1, 1}, []launch.Arg{{Memory: y}, {Int: 256}, {Float: 1}}))
	m, err := q.Mark()
	require.NoError(t, err)
	done := false
	for !done {
		done, err = m.Done()
	}
	assert.NoError(t, m.Release())
	assert.NoError(t, q.Close())
	assert.NoError(t, driver.Free(y))
	return err
}
