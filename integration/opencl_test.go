//go:build linux && !noaccel

package integration_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/opencl/opencltest"
	"ttad/configs"
	"ttad/internal/testkit/tinymodel"
)

// A daemon whose file prefers OpenCL, on PoCL: found, tested and used as a card would
// be, with corrections behind the forwards, and answers as on the CPU.
func TestAStreamOnAnOpenCLDevice(t *testing.T) {
	opencltest.Need(t)
	const rows = 64
	s := newSite(t)
	f := s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, role: champion, strategies: [bnema: {momentum: 0.3, min_rows: 1}, lame: {}, labelshift: {}]}
      - {name: half, role: shadow, strategies: [alphabn: {source_weight: 0.5, min_rows: 1}, lame: {}]}
`)
	f.Device = configs.DefaultDevice()
	f.Device.Prefer, f.Device.Threads = []string{"cpu"}, 1
	want := s.replayed(f, tinymodel.Rows(rows))["main"]
	f.Device.Prefer, f.Device.Auto = []string{"opencl", "cpu"}, false
	d := s.start(f)
	var bodies [][]byte
	for i := range rows {
		bodies = append(bodies, jsonRows(i, 1))
	}
	s.putAll(map[string][][]byte{"tta.g.in.k": bodies})
	s.waitFor("g", "tta.g.out.k", rows)
	s.counts(d, `ttad_device_retired{device="opencl",group="g"}`, 0)
	assert.Positive(t, s.metric(d, `ttad_device_bytes{device="opencl"}`))
	require.NoError(t, d.stop())
	assert.Contains(t, d.log.String(), "this device is a processor, which is for testing")

	out := s.answers("g", "tta.g.out.k")
	oncePerInput(t, rows, out)
	var got []float32
	for _, a := range out {
		assert.Equal(t, "ok", a.Rows[0].Guard)
		got = append(got, a.Rows[0].Probs...)
	}
	assert.InDeltaSlice(t, want, got, 1e-4)
	assert.Empty(t, s.events("device.retired"))
}

// With auto the log has what was measured; on a processor, its own engine wins.
func TestSmallBatchesStayOnTheCPUWhereItIsFaster(t *testing.T) {
	opencltest.Need(t)
	s := newSite(t)
	f := s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 1m}
    pipelines: [{name: main}]
`)
	f.Device.Prefer = []string{"opencl", "cpu"}
	d := s.start(f)
	require.NoError(t, d.stop())
	for _, word := range []string{`"rows":1,"cpu_ms":`, `"rows":4,"cpu_ms":`, `"rows":8,"cpu_ms":`, `"opencl_ms":`, `"cpu_rows":`} {
		assert.Contains(t, d.log.String(), word)
	}
}
