package cpu_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
)

func opener(threads int) acceltest.Open {
	return func(t testing.TB) accel.Device {
		d, err := cpu.New(cpu.Config{Threads: threads})
		require.NoError(t, err)
		return d
	}
}

func TestDevice(t *testing.T) {
	defer goleak.VerifyNone(t)
	numbers := []int{1, 3}
	if testing.Short() {
		numbers = numbers[1:] // what is slow is asked about workers side by side
	}
	for _, threads := range numbers {
		t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) { acceltest.RunAll(t, opener(threads)) })
	}
}

// network has a convolution, norms and products wide enough to be shared out.
func network() *accel.Program {
	r := rand.New(rand.NewPCG(1, 2))
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(3, 24, 24))
	h := b.Step(conv3, x, b.Const(ramp(16, 3, 3, 3)))
	h = b.Step(accel.Map{Fn: accel.Relu}, b.Norm(accel.Norm{Eps: 1e-5}, h, r))
	deep := b.Norm(accel.Norm{Eps: 1e-5}, b.Step(conv3, h, b.Const(ramp(16, 16, 3, 3))), r)
	h = b.Step(accel.Map{Fn: accel.Relu}, b.Step(accel.Binary{Fn: accel.Add}, deep, h))
	pool := accel.Pool{Fn: accel.PoolAverage, Kernel: [2]int{4, 4}, Stride: [2]int{4, 4}, Dilation: [2]int{1, 1}}
	flat := b.Step(accel.Reshape{To: accel.BatchShape(16 * 36)}, b.Step(pool, h))
	logits := b.Step(accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, flat, b.Const(ramp(200, 16*36)), b.Const(ramp(200)))
	return b.Program(b.Step(accel.Softmax{Axis: 1}, logits), logits)
}

// answers runs the network once and returns everything it computes.
func answers(t *testing.T, threads, rows int, rules []accel.NormRule) (out [][]float32) {
	x := newBench(t, threads, network(), rows)
	x.args.Norms = rules
	for range 2 {
		m, err := x.device.Alloc(32)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, m.Free()) })
		x.args.Moments = append(x.args.Moments, m)
	}
	x.run(t)
	for _, b := range append(x.args.Outputs, x.args.Moments...) {
		values := make([]float32, b.Floats())
		require.NoError(t, x.stream.Download(values, b))
		out = append(out, values)
	}
	require.NoError(t, x.stream.Sync(t.Context()))
	return out
}

// One worker goes through every segment chunk by chunk; of 16, each gets part of a
// kernel where there are fewer chunks than that.
func TestResultsDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	blend := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0.4, Pool: true}
	for _, rows := range []int{1, 5, 37, 64} {
		for _, rules := range [][]accel.NormRule{nil, {blend, blend}} {
			want := answers(t, 1, rows, rules)
			for _, threads := range []int{2, 3, 5, 16} {
				for i, got := range answers(t, threads, rows, rules) {
					for j := range got {
						require.Equal(t, math.Float32bits(want[i][j]), math.Float32bits(got[j]), "%d rows, %d threads, result %d", rows, threads, i)
					}
				}
			}
		}
	}
}

func TestRunAllocatesNothingOnceWarm(t *testing.T) {
	for name, rules := range map[string][]accel.NormRule{
		"source": nil, "blend": {{Mode: accel.NormBlend}, {Mode: accel.NormBlend}},
	} {
		for _, rows := range []int{1, 64} {
			t.Run(fmt.Sprintf("%s, %d rows", name, rows), func(t *testing.T) {
				x := newBench(t, 2, network(), rows)
				x.args.Norms = rules
				x.run(t)
				assert.Zero(t, testing.AllocsPerRun(5, func() { x.run(t) }))
			})
		}
	}
}

func TestNewRefusesThreadsNoMachineHas(t *testing.T) {
	for _, threads := range []int{-1, 1 << 20} {
		_, err := cpu.New(cpu.Config{Threads: threads})
		require.ErrorContains(t, err, "threads is outside 0 to 4096")
	}
}

func TestASecondCloseIsAnError(t *testing.T) {
	d, err := cpu.New(cpu.Config{Threads: 2})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.EqualError(t, d.Close(), "cpu device is closed already")
}

func TestMemoryOfAnotherDeviceIsRefused(t *testing.T) {
	x, other := newBench(t, 1, network(), 1), newBench(t, 1, network(), 1)
	args := x.args
	args.Inputs = other.args.Inputs
	require.ErrorContains(t, x.stream.Run(x.exec, 1, args), "belongs to another device")
	require.ErrorContains(t, x.stream.Run(other.exec, 1, x.args), "belongs to another device")
}

func TestTooManyAxesAreUnsupported(t *testing.T) {
	b := &acceltest.Builder{}
	p := b.Program(b.Step(accel.Map{Fn: accel.Relu}, b.Input(accel.BatchShape(1, 1, 1, 1, 1, 1, 1, 1))))
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	_, err = d.Compile(p, 1)
	require.ErrorIs(t, err, accel.ErrUnsupported)
	require.ErrorContains(t, err, `node "Relu0": op Relu: not supported by this device: [N 1 1 1 1 1 1 1 1] has more than 8 axes`)
}

func TestMoreMemoryThanAnyMachineHasIsRefused(t *testing.T) {
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	_, err = d.Alloc(1 << 40)
	require.ErrorIs(t, err, accel.ErrOutOfMemory)
}

// TestNormAgreesWithTheReferenceImplementation runs the golden vectors; 1e-5 is
// for float32 against the float64 they were made in.
func TestNormAgreesWithTheReferenceImplementation(t *testing.T) {
	for _, name := range []string{"alpha_bn", "bn_baselines"} {
		raw, err := os.ReadFile("../../tta/ttatest/golden/" + name + ".json")
		require.NoError(t, err)
		var file struct{ Cases []golden }
		require.NoError(t, json.Unmarshal(raw, &file))
		require.NotEmpty(t, file.Cases)
		for _, c := range file.Cases {
			if c.Input.X == nil {
				continue // running estimates are a strategy's business
			}
			t.Run(c.Name, func(t *testing.T) { c.check(t) })
		}
	}
}

type golden struct {
	Name   string
	Params struct {
		SourceWeight  float32 `json:"source_weight"`
		PseudoCount   float64 `json:"pseudo_count"`
		BatchVariance string  `json:"batch_variance"`
		Combine       string
	}
	Input struct {
		X          any
		SourceMean []float32 `json:"source_mean"`
		SourceVar  []float32 `json:"source_var"`
		Gamma      []float32
		Beta       []float32
		Eps        float32
	}
	Expected struct {
		Y         any
		BatchMean []float64 `json:"batch_mean"`
	}
}

func (g *golden) check(t *testing.T) {
	var shape []int
	x := flatten(nil, g.Input.X)
	for v, ok := g.Input.X.([]any); ok; v, ok = v[0].([]any) {
		shape = append(shape, len(v))
	}
	b := &acceltest.Builder{}
	vec := func(v []float32) accel.ValueID { return b.Const(accel.TensorOf(v, len(v))) }
	y := b.Step(accel.Norm{Eps: g.Input.Eps}, b.Input(accel.BatchShape(shape[1:]...)),
		vec(g.Input.Gamma), vec(g.Input.Beta), vec(g.Input.SourceMean), vec(g.Input.SourceVar))
	d := newBench(t, 2, b.Program(y), shape[0])
	require.NoError(t, d.stream.Upload(d.args.Inputs[0], x))
	w := g.Params.SourceWeight
	if g.Params.PseudoCount > 0 {
		w = float32(g.Params.PseudoCount / (g.Params.PseudoCount + float64(shape[0])))
	}
	d.args.Norms = []accel.NormRule{{
		Mode: accel.NormBlend, SourceWeight: w,
		Pool: g.Params.Combine == "pool", Unbiased: g.Params.BatchVariance == "unbiased",
	}}
	d.run(t)
	got := make([]float32, len(x))
	require.NoError(t, d.stream.Download(got, d.args.Outputs[0]))
	for i, want := range flatten(nil, g.Expected.Y) {
		// A variance of zero leaves values in the hundreds, whose last float32
		// digit alone is above 1e-5: the tolerance is relative there.
		assert.InDelta(t, want, got[i], 1e-5*math.Max(1, math.Abs(float64(want))), "value %d", i)
	}
}

// flatten lists the numbers of nested JSON lists in order.
func flatten(to []float32, v any) []float32 {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			to = flatten(to, e)
		}
		return to
	}
	return append(to, float32(v.(float64)))
}

func ExampleNew() {
	device, err := cpu.New(cpu.Config{Threads: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	b := &acceltest.Builder{}
	p := b.Program(b.Step(accel.Map{Fn: accel.Relu}, b.Input(accel.BatchShape(2))))
	exec, _ := device.Compile(p, 64)
	stream, _ := device.NewStream()
	in, _ := device.Alloc(4)
	out, _ := device.Alloc(4)

	y := make([]float32, 4)
	_ = stream.Upload(in, []float32{-1, 2, 3, -4})
	_ = stream.Run(exec, 2, accel.Args{Inputs: []accel.Buffer{in}, Outputs: []accel.Buffer{out}})
	_ = stream.Download(y, out)
	fmt.Println(y, stream.Sync(context.Background()))
	fmt.Println(device.Close())
	// Output:
	// [0 2 3 0] <nil>
	// cpu device is in use: #1 exec of 1 steps for 64 rows, #2 stream, #3 buffer of 4 floats, #4 buffer of 4 floats
}
