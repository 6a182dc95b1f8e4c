package acceltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// runQueues checks what callers rely on while work is queued: what they may use again
// at once, and what they must wait for. A device that works before it returns passes
// without noticing; one that works later has to copy, order and wait.
func runQueues(t *testing.T, open Open) {
	d := opened(t, open)
	t.Run("what was given may change when the call returns", func(t *testing.T) { queueAhead(t, d) })
	t.Run("a mark is behind what was queued before", func(t *testing.T) { queueMarks(t, d) })
	t.Run("memory is freed behind the work that uses it", func(t *testing.T) { queueFree(t, d) })
	t.Run("a stream is closed behind its work", func(t *testing.T) { queueClose(t, d) })
	t.Run("only results are written", func(t *testing.T) { queueBounds(t, d) })
	t.Run("one result is the next one's operand", func(t *testing.T) { queueChain(t, d) })
}

// bench is a stream, an exec and the buffers of one batch, used again and again.
type bench struct {
	*runner
	program *accel.Program
	exec    accel.Exec
	in      accel.Buffer
	out     accel.Buffer
}

// newBench is for programs of one input; only the first output is looked at.
func newBench(t *testing.T, d accel.Device, p *accel.Program, rows int) *bench {
	r := newRunner(t, d)
	return &bench{
		runner: r, program: p, exec: r.compile(p, rows),
		in:  r.buffer(p.Values[p.Inputs[0]].Shape.Elements(rows)),
		out: r.buffer(p.Values[p.Outputs[0]].Shape.Elements(rows)),
	}
}

func (b *bench) end() {
	require.NoError(b.t, b.exec.Close())
	require.NoError(b.t, b.in.Free())
	require.NoError(b.t, b.out.Free())
	b.close()
}

// args has the first output only.
func (b *bench) args(rules []accel.NormRule) accel.Args {
	outputs := make([]accel.Buffer, len(b.program.Outputs))
	outputs[0] = b.out
	return accel.Args{Inputs: []accel.Buffer{b.in}, Outputs: outputs, Norms: rules}
}

// queue queues a batch and returns where its result will be.
func (b *bench) queue(x *accel.Tensor, rules []accel.NormRule) []float32 {
	b.t.Helper()
	got := make([]float32, b.out.Floats())
	require.NoError(b.t, b.stream.Upload(b.in, x.Data))
	require.NoError(b.t, b.stream.Run(b.exec, x.Rows(), b.args(rules)))
	require.NoError(b.t, b.stream.Download(got, b.out))
	return got
}

func (b *bench) sync() {
	b.t.Helper()
	require.NoError(b.t, b.stream.Sync(b.t.Context()))
}

// check compares with the plain loops.
func (b *bench) check(got []float32, x *accel.Tensor, rules []accel.NormRule) {
	b.t.Helper()
	want, err := plain.Run(b.program, []*accel.Tensor{x}, x.Rows(), rules)
	require.NoError(b.t, err)
	within(b.t, "output", got, want.Outputs[0].Data, 64)
}

// turnsAhead is more batches than a device is likely to have staging memory for.
const turnsAhead = 40

// queueAhead queues many batches through the same memory before it looks at any.
func queueAhead(t *testing.T, d accel.Device) {
	b := newBench(t, d, perceptron(seeded("ahead")), 3)
	defer b.end()
	random := seeded("batches ahead")
	x := accel.NewTensor(3, 7)
	rules := []accel.NormRule{{}, {Mode: accel.NormGiven, Mean: make([]float32, 3), Var: make([]float32, 3)}}
	var inputs []*accel.Tensor
	var given [][]accel.NormRule
	var results [][]float32
	for range turnsAhead {
		inputs = append(inputs, Numbers.tensor(random, 3, 7))
		mean, variance := Numbers.tensor(random, 3).Data, Positive.tensor(random, 3).Data
		given = append(given, []accel.NormRule{
			{Mode: accel.NormBlend, SourceWeight: random.Float32()}, {Mode: accel.NormGiven, Mean: mean, Var: variance},
		})
		copy(x.Data, inputs[len(inputs)-1].Data)
		rules[0] = given[len(given)-1][0]
		copy(rules[1].Mean, mean)
		copy(rules[1].Var, variance)
		results = append(results, b.queue(x, rules))
		for _, again := range [][]float32{x.Data, rules[1].Mean, rules[1].Var} {
			for i := range again {
				again[i] = float32(math.NaN())
			}
		}
	}
	b.sync()
	for i, got := range results {
		b.check(got, inputs[i], given[i])
	}
}

// queueMarks is for streams that have marks.
func queueMarks(t *testing.T, d accel.Device) {
	b := newBench(t, d, perceptron(seeded("marks")), 3)
	defer b.end()
	stream, ok := b.stream.(accel.Marker)
	if !ok {
		t.Skipf("streams of %s work before they return", d.Info().Kind)
	}
	first, second := Numbers.tensor(seeded("first"), 3, 7), Numbers.tensor(seeded("second"), 3, 7)
	results := [][]float32{b.queue(first, nil)}
	mark, err := stream.Mark()
	require.NoError(t, err)
	results = append(results, b.queue(second, nil))
	require.NoError(t, mark.Wait(t.Context()))
	b.check(results[0], first, nil)
	b.sync()
	b.check(results[1], second, nil)
	require.NoError(t, mark.Wait(t.Context()), "a place that was reached stays so")
}

// queueFree gives back everything a queued batch rests on but the stream.
func queueFree(t *testing.T, d accel.Device) {
	b := newBench(t, d, perceptron(seeded("free")), 3)
	x := Numbers.tensor(seeded("x"), 3, 7)
	got := b.queue(x, nil)
	require.NoError(t, b.in.Free())
	require.NoError(t, b.out.Free())
	require.NoError(t, b.exec.Close())
	// Whoever frees too early may get the same memory for something else.
	other := b.buffer(b.out.Floats())
	require.NoError(t, b.stream.Upload(other, make([]float32, other.Floats())))
	b.sync()
	b.check(got, x, nil)
	require.NoError(t, other.Free())
	b.close()
}

func queueClose(t *testing.T, d accel.Device) {
	b := newBench(t, d, perceptron(seeded("close")), 3)
	x := Numbers.tensor(seeded("x"), 3, 7)
	got := b.queue(x, nil)
	b.close()
	b.check(got, x, nil)
	require.NoError(t, b.exec.Close())
	require.NoError(t, b.in.Free())
	require.NoError(t, b.out.Free())
}

// queueBounds has buffers that are longer than what is put there.
func queueBounds(t *testing.T, d accel.Device) {
	p := perceptron(seeded("bounds"))
	b := newBench(t, d, p, 5)
	defer b.end()
	rest := Numbers.tensor(seeded("rest"), b.out.Floats()).Data
	require.NoError(t, b.stream.Upload(b.out, rest))
	x, all := Numbers.tensor(seeded("x"), 2, 7), Numbers.tensor(seeded("all"), 5, 7)
	require.NoError(t, b.stream.Upload(b.in, all.Data))
	got := b.queue(x, nil)
	input := make([]float32, b.in.Floats())
	require.NoError(t, b.stream.Download(input, b.in))
	b.sync()
	n := p.Values[p.Outputs[0]].Shape.Elements(2)
	b.check(got[:n], x, nil)
	sameBits(t, "what lies behind the result", [][]float32{rest[n:]}, [][]float32{got[n:]})
	sameBits(t, "input", [][]float32{append(x.Data[:14:14], all.Data[14:]...)}, [][]float32{input})
}

// queueChain runs one program on the output of another without a wait between.
func queueChain(t *testing.T, d accel.Device) {
	build := &Builder{}
	scale := build.Program(build.Step(accel.Map{Fn: accel.Affine, A: 2, B: 1}, build.Input(accel.BatchShape(3))))
	b := newBench(t, d, scale, 4)
	defer b.end()
	x := Numbers.tensor(seeded("x"), 4, 3)
	require.NoError(t, b.stream.Upload(b.in, x.Data))
	for range 5 { // there and back
		require.NoError(t, b.stream.Run(b.exec, 4, b.args(nil)))
		b.in, b.out = b.out, b.in
	}
	got := make([]float32, len(x.Data))
	require.NoError(t, b.stream.Download(got, b.in))
	b.sync()
	for i, v := range x.Data {
		require.InDelta(t, 32*v+31, got[i], 1e-4)
	}
}
