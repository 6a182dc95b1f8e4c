package integration_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/internal/testkit/tinymodel"
)

// sideBySide answer side by side: the baseline, one stateless and one stateful
// method inside the forward, and one on its outputs.
const sideBySide = `
      - {name: main, role: champion, strategies: [alphabn: {source_weight: 0.6, min_rows: 1}]}
      - {name: running, role: challenger, strategies: [bnema: {momentum: 0.2, min_rows: 1}]}
      - {name: near, role: challenger, strategies: [lame: {neighbors: 2, min_rows: 2}]}
      - {name: both, role: challenger, strategies: [alphabn: {source_weight: 0.6, min_rows: 1}, lame: {affinity: knn, neighbors: 2, min_rows: 2}]}
      - {name: plain, role: challenger, strategies: [source]}
`

// replayed runs the group over rows of the tiny model's and returns each
// pipeline's probabilities.
func (s *site) replayed(f *configs.File, values []float32) map[string][]float32 {
	s.t.Helper()
	x, rows := filepath.Join(s.dir, "x.npy"), len(values)/tinymodel.RowSize
	require.NoError(s.t, npyfile.SaveFloat32(x, tinymodel.Shape(rows), values))
	data, err := replay.Load(replay.Files{Inputs: []string{x}})
	require.NoError(s.t, err)
	devices, err := daemon.OpenDevices(f.Device, zerolog.Nop())
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, daemon.CloseDevices(devices)) }()
	g, err := daemon.OpenGroup("g", f.Groups["g"], daemon.GroupOptions{Dir: s.dir, Devices: devices, Registry: s.registry, Log: zerolog.Nop()})
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, g.Close()) }()
	out := filepath.Join(s.dir, "out")
	_, err = replay.Run(context.Background(), g, data, replay.Options{Out: out})
	require.NoError(s.t, err)
	probs := map[string][]float32{}
	for _, p := range f.Groups["g"].Pipelines {
		a, err := npyfile.Read(filepath.Join(out, p.Name+".probs.npy"))
		require.NoError(s.t, err)
		require.Equal(s.t, []int{rows, tinymodel.Classes}, a.Shape)
		probs[p.Name] = a.Float32()
	}
	return probs
}

// The daemon and a replay of the same rows in the same batches answer with the
// same bits: there is one code path, and what a replay found holds for the stream.
func TestTheDaemonAnswersAsAReplayDoes(t *testing.T) {
	s := newSite(t)
	f := s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 1m}
    output: {probs: full}
    pipelines:` + sideBySide)
	const rows, each = 96, 2 // 12 batches of 4 messages
	d := s.start(f)
	for first := 0; first < rows; first += each {
		s.put("tta.g.in.cam", nats.Header{}, jsonRows(first, each))
	}
	pipelines := f.Groups["g"].Pipelines
	s.waitFor("g", "tta.g.>", len(pipelines)*rows/each)
	require.NoError(t, d.stop())

	want := s.replayed(f, tinymodel.Rows(rows))
	for _, p := range pipelines {
		subject := fmt.Sprintf("tta.g.alt.%s.cam", p.Name)
		if p.Role == "champion" {
			subject = "tta.g.out.cam"
		}
		answers := s.answers("g", subject)
		oncePerInput(t, rows/each, answers)
		var got []float32
		for i, a := range answers {
			require.Equal(t, i/4+1, a.Step, "batches of four messages")
			for _, r := range a.Rows {
				require.Equal(t, "ok", r.Guard)
				got = append(got, r.Probs...)
			}
		}
		assert.Equal(t, want[p.Name], got, p.Name)
	}
	assert.NotEqual(t, want["plain"], want["main"], "pipelines that do nothing would agree with anything")
	assert.NotEqual(t, want["running"], want["main"])
	assert.NotEqual(t, want["plain"], want["near"])
	assert.NotEqual(t, want["main"], want["both"])
}
