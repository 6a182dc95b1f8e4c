package acceltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
)

// runner is one stream of a device, and what a test opened on it.
type runner struct {
	t      testing.TB
	device accel.Device
	stream accel.Stream
}

func newRunner(t testing.TB, d accel.Device) *runner {
	t.Helper()
	s, err := d.NewStream()
	require.NoError(t, err)
	return &runner{t, d, s}
}

func (r *runner) close() { require.NoError(r.t, r.stream.Close()) }

func (r *runner) compile(p *accel.Program, maxRows int) accel.Exec {
	r.t.Helper()
	e, err := r.device.Compile(p, maxRows)
	require.NoError(r.t, err)
	return e
}

// buffer returns device memory that is freed when done is called.
func (r *runner) buffer(floats int) accel.Buffer {
	r.t.Helper()
	b, err := r.device.Alloc(floats)
	require.NoError(r.t, err)
	return b
}

// results are what came back from the device.
type results struct {
	outputs [][]float32
	moments [][]float32 // nil unless asked for
}

// run uploads the inputs, runs and downloads everything.
func (r *runner) run(e accel.Exec, rows int, inputs []*accel.Tensor, rules []accel.NormRule, moments bool) results {
	r.t.Helper()
	p := e.Program()
	a := accel.Args{Norms: rules}
	var out results
	for _, in := range inputs {
		b := r.buffer(len(in.Data))
		require.NoError(r.t, r.stream.Upload(b, in.Data))
		a.Inputs = append(a.Inputs, b)
	}
	for _, id := range p.Outputs {
		n := p.Values[id].Shape.Elements(rows)
		out.outputs = append(out.outputs, make([]float32, n))
		a.Outputs = append(a.Outputs, r.buffer(n))
	}
	if moments {
		for i := range p.NormSteps {
			out.moments = append(out.moments, make([]float32, 2*p.NormChannels(i)))
			a.Moments = append(a.Moments, r.buffer(2*p.NormChannels(i)))
		}
	}
	require.NoError(r.t, r.stream.Run(e, rows, a))
	for i, b := range a.Outputs {
		require.NoError(r.t, r.stream.Download(out.outputs[i], b))
	}
	for i, b := range a.Moments {
		require.NoError(r.t, r.stream.Download(out.moments[i], b))
	}
	require.NoError(r.t, r.stream.Sync(r.t.Context()))
	for _, list := range [][]accel.Buffer{a.Inputs, a.Outputs, a.Moments} {
		for _, b := range list {
			require.NoError(r.t, b.Free())
		}
	}
	return out
}

// compare runs a program on the device and plainly, and compares outputs and,
// if there are norms, their batch moments.
func (r *runner) compare(e accel.Exec, rows int, inputs []*accel.Tensor, rules []accel.NormRule, depth int) {
	r.t.Helper()
	want, err := plain.Run(e.Program(), inputs, rows, rules)
	require.NoError(r.t, err)
	asked := []bool{false, true}
	if len(e.Program().NormSteps) == 0 {
		asked = asked[:1] // there are none to ask for
	}
	for _, moments := range asked {
		got := r.run(e, rows, inputs, rules, moments)
		for i, y := range want.Outputs {
			within(r.t, "output", got.outputs[i], y.Data, depth)
		}
		for i, m := range got.moments {
			c := len(m) / 2
			within(r.t, "batch mean", m[:c], want.Norms[i].Mean, depth)
			within(r.t, "batch variance", m[c:], want.Norms[i].Var, depth)
		}
	}
}

// within compares values that each went through depth float32 additions. Each
// addition is off by at most 6e-8 of the sum so far, in either direction, so
// the error grows with the root of their number; the sums on the way are taken
// to be no larger than a few of the largest result.
func within(t testing.TB, what string, got, want []float32, depth int) {
	t.Helper()
	largest := 1.0
	for _, v := range want {
		if a := math.Abs(float64(v)); a > largest && !math.IsInf(a, 0) {
			largest = a
		}
	}
	testkit.Close(t, what, got, want, 5e-7*math.Sqrt(float64(depth))*largest)
}

// opened opens a device that is closed, and so found clean, when the test ends.
func opened(t *testing.T, open Open) accel.Device {
	t.Helper()
	d := open(t)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}
