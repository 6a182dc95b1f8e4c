package integration_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/testkit/tinymodel"
	"ttad/tta/builtin"
)

// foreignConfig writes a configuration of one group, lab, for a server of others.
func foreignConfig(t testing.TB, dir, url string, provision bool) string {
	t.Helper()
	tinymodel.Write(t, dir, "tiny.onnx", tinymodel.Bytes())
	path := filepath.Join(dir, "ttad.yaml")
	text := fmt.Sprintf(`version: 1
bus: {servers: ["%s"], provision: %v}
http: {listen: "127.0.0.1:0"}
device: {threads: 1}
groups:
  lab:
    model: {file: tiny.onnx}
    feedback: {}
    pipelines: [{name: main, role: champion, strategies: [alphabn: {source_weight: 0.9}, lame: {}]}]
`, url, provision)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func rawRow(i int) []byte {
	var b []byte
	for _, v := range tinymodel.Row(i) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// The nats command publishes inputs and reads predictions, on a stand-alone
// server, with a daemon in a process of its own: nothing here is ours but ttad.
func TestNATSCommandPublishesInputsAndReadsPredictions(t *testing.T) {
	cli := goTool(t, natsCommand, "nats")
	s, url := foreignSite(t)
	d := startChild(t, foreignConfig(t, s.dir, url, true))
	s.waitForStream("IN_lab")

	publish := func(body []byte, headers ...string) {
		args := []string{"pub", "tta.lab.in.bench1", "--force-stdin", "--jetstream"}
		for _, h := range headers {
			args = append(args, "-H", h)
		}
		_, code := command(t, url, body, cli, args...)
		require.Zero(t, code)
	}
	publish(jsonRows(0, 1), "Ttad-Id:as-json")
	publish(rawRow(0), "Content-Type:application/vnd.ttad.tensor", "Ttad-Dtype:FP32", "Ttad-Shape:1,2,4,4", "Ttad-Id:as-bytes")
	publish([]byte("hello"), "Ttad-Id:as-nonsense")
	s.waitFor("lab", "tta.lab.out.bench1", 2)
	_, code := command(t, url, nil, cli, "pub", "tta.lab.feedback", `{"id":"as-json","label":2}`)
	require.Zero(t, code)
	s.settled("FB_lab", "ttad-lab-feedback", 1)
	s.waitFor("lab", "tta.lab.dlq", 1)

	text, code := command(t, url, nil, cli, "sub", "tta.lab.out.bench1", "--stream", "TTAD_lab", "--all", "--count", "2", "--raw")
	require.Zero(t, code)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Len(t, lines, 2, text)
	var answers [2]output
	for i, line := range lines {
		require.NoError(t, json.Unmarshal([]byte(line), &answers[i]), line)
	}
	assert.Equal(t, "as-json", answers[0].ID)
	assert.Equal(t, "as-bytes", answers[1].ID)
	assert.InDelta(t, answers[0].Rows[0].Prob, answers[1].Rows[0].Prob, 1e-6, "the same row gives the same answer in either codec")
	dead, code := command(t, url, nil, cli, "sub", "tta.lab.dlq", "--stream", "TTAD_lab", "--all", "--count", "1", "--headers-only")
	require.Zero(t, code)
	assert.Contains(t, dead, "Ttad-Error-Code: bad_json")
	assert.Contains(t, dead, "Ttad-Id: as-nonsense")
	d.terminate(t)
}

// Without provisioning, what is missing is an error that prints a command; the
// commands, run as printed, are all that is needed.
func TestPrintedCommandsMakeWhatIsMissing(t *testing.T) {
	cli := goTool(t, natsCommand, "nats")
	s, url := foreignSite(t)
	f, err := configs.ReadFile(foreignConfig(t, s.dir, url, false), builtin.Registry(), nil)
	require.NoError(t, err)
	printed := regexp.MustCompile(`(?m)^\s*(nats .*)$`)
	for range 6 {
		ctx, cancel := context.WithCancel(context.Background())
		d, err := daemon.Start(ctx, f, daemon.Options{Dir: s.dir, Registry: builtin.Registry(), Log: zerolog.Nop()})
		if err == nil {
			cancel()
			require.NoError(t, d.Wait())
			return
		}
		cancel()
		found := printed.FindStringSubmatch(err.Error())
		require.NotNil(t, found, err)
		_, code := command(t, url, nil, "sh", "-c", "PATH="+filepath.Dir(cli)+":$PATH "+found[1])
		require.Zero(t, code, found[1])
	}
	t.Fatal("five commands were not enough")
}

func TestPythonClientOfTheDocs(t *testing.T) {
	python := pythonTool(t)
	clients := filepath.Join("..", "docs", "clients")
	talkWith(t, python, filepath.Join(clients, "predict.py"), filepath.Join(clients, "label.py"))
}

func TestNodeClientOfTheDocs(t *testing.T) {
	node, dir := nodeTools(t)
	// Node looks for packages beside the script.
	for _, name := range []string{"predict.mjs", "label.mjs"} {
		script, err := os.ReadFile(filepath.Join("..", "docs", "clients", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), script, 0o644))
	}
	talkWith(t, node, filepath.Join(dir, "predict.mjs"), filepath.Join(dir, "label.mjs"))
}

// talkWith runs the clients of the docs: a request is answered on standard output,
// a refused one gives the code and a status of 1, and labels are taken.
func talkWith(t *testing.T, interpreter, predict, label string) {
	t.Helper()
	s, url := foreignSite(t)
	d := startChild(t, foreignConfig(t, s.dir, url, true))
	s.waitForStream("IN_lab")
	text, code := command(t, url, jsonRows(0, 2), interpreter, predict, "lab", "bench1")
	require.Zero(t, code, text)
	var answer output
	require.NoError(t, json.Unmarshal([]byte(text), &answer), text)
	assert.Equal(t, "lab", answer.Group)
	assert.Len(t, answer.Rows, 2)
	assert.Len(t, answer.Rows[0].Trail, 2)
	text, code = command(t, url, []byte("hello"), interpreter, predict, "lab", "bench1")
	assert.Equal(t, 1, code)
	assert.Contains(t, text, "bad_json: ")

	text, code = command(t, url, nil, interpreter, label, "lab", answer.ID, "2", "1")
	require.Zero(t, code, text)
	text, code = command(t, url, nil, interpreter, label, "lab", answer.ID, "wasp")
	require.Zero(t, code, text)
	s.settled("FB_lab", "ttad-lab-feedback", 2)
	dead := s.answers("lab", "tta.lab.dlq")
	require.Len(t, dead, 2)
	assert.Contains(t, dead[1].Header.Get("Ttad-Error"), `label "wasp" is a name`)
	d.terminate(t)
}
