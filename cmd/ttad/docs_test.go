package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/npyfile"
	"ttad/internal/testkit/tinymodel"
	"ttad/models/onnx"
	"ttad/stream/streamtest"
)

// TestEveryCommandInTheReadmeWorks runs the README's shell blocks from top to
// bottom, as a reader would, in one folder that holds what the reader is said to
// have: a model, a folded one, and recorded rows.
func TestEveryCommandInTheReadmeWorks(t *testing.T) {
	d := newDesk(t)
	commands := shellCommands(t, "README.md")
	require.NotEmpty(t, commands)
	for _, c := range commands {
		t.Log(c)
		d.do(t, c)
	}
	require.Positive(t, d.answered, "the README's published row was answered")
	require.Positive(t, d.labelled, "the README's label was taken")
}

// Every whole configuration shown in a document is one ttad would run.
func TestConfigurationsInTheDocsAreValid(t *testing.T) {
	found := 0
	for _, doc := range []string{"README.md", "docs/wire.md", "docs/operations.md"} {
		text, err := os.ReadFile(filepath.Join(repository, doc))
		require.NoError(t, err)
		for _, block := range regexp.MustCompile("(?s)```yaml\n(version: .*?)```").FindAllSubmatch(text, -1) {
			found++
			_, err := configs.Load(doc, block[1], registry(), nil)
			require.NoError(t, err, doc)
		}
	}
	require.Positive(t, found)
}

// shellCommands lists the commands of a document's sh blocks, comments cut off
// and continued lines joined.
func shellCommands(t *testing.T, doc string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, doc))
	require.NoError(t, err)
	var out []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		for line := range strings.Lines(strings.ReplaceAll(string(block[1]), "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
	}
	return out
}

// deskRows is enough to search on and to compare on.
const deskRows = 600

// desk is where the reader sits: a folder and a NATS server.
type desk struct {
	dir      string
	server   *streamtest.Server
	nc       *nats.Conn
	answered int
	labelled int
	stop     func(t *testing.T) // ends the daemon that runs, if one does
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{dir: t.TempDir(), server: streamtest.Start(t, nil)}
	d.nc = d.server.Client(t)
	t.Chdir(d.dir)
	t.Setenv("NATS_URL", d.server.URL())
	tinymodel.Write(t, d.dir, "model.onnx", twoColumns(true))
	tinymodel.Write(t, d.dir, "folded.onnx", twoColumns(false))
	rows := make([]float32, 2*deskRows)
	for i := range rows {
		rows[i] = float32(i%7)/7 - 0.5
	}
	for _, name := range []string{"x.npy", "source.npy"} {
		require.NoError(t, npyfile.SaveFloat32(name, []int{deskRows, 2}, rows))
	}
	for _, name := range []string{"y.npy", "source_y.npy"} {
		tinymodel.Write(t, d.dir, name, classes(deskRows))
	}
	t.Cleanup(func() {
		if d.stop != nil {
			d.stop(t)
		}
	})
	return d
}

// classes is an npy file of n labels of type uint8, three classes in turn.
func classes(n int) []byte {
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }", n)
	header += strings.Repeat(" ", 117-len(header)) + "\n"
	file := []byte("\x93NUMPY\x01\x00\x76\x00" + header)
	for i := range n {
		file = append(file, byte(i%3))
	}
	return file
}

// twoColumns is a small classifier of two columns and three classes.
func twoColumns(norm bool) []byte {
	hidden := "linear"
	m := &onnx.Model{IRVersion: 8, Producer: "ttad tests", Opsets: []onnx.Opset{{Version: 17}}}
	g := &m.Graph
	g.Name, g.Inputs, g.Outputs = "two", []onnx.ValueInfo{onnx.Float("input", -1, 2)}, []onnx.ValueInfo{onnx.Float("logits", -1, 3)}
	g.Nodes = []onnx.Node{{Name: "fc1", OpType: "Gemm", Inputs: []string{"input", "w1", "b1"}, Outputs: []string{"linear"}}}
	g.Initializers = []onnx.Tensor{
		onnx.FloatTensor("w1", []float32{1, -1, 0.5, 2, 0.3, 1, -1, 0.2}, 2, 4),
		onnx.FloatTensor("b1", []float32{0.1, 0, 0, 0.2}, 4),
		onnx.FloatTensor("w2", []float32{1, 0, -1, 0, 1, 1, 1, -1, 0, 0.5, 0.5, 1}, 4, 3),
		onnx.FloatTensor("b2", []float32{0, 0.1, 0}, 3),
	}
	if norm {
		hidden = "normed"
		g.Nodes = append(g.Nodes, onnx.Node{Name: "bn", OpType: "BatchNormalization", Inputs: []string{"linear", "one", "zero", "zero", "one"}, Outputs: []string{hidden}})
		g.Initializers = append(g.Initializers, onnx.FloatTensor("one", []float32{1, 1, 1, 1}, 4), onnx.FloatTensor("zero", make([]float32, 4), 4))
	}
	g.Nodes = append(g.Nodes,
		onnx.Node{Name: "relu", OpType: "Relu", Inputs: []string{hidden}, Outputs: []string{"active"}},
		onnx.Node{Name: "fc2", OpType: "Gemm", Inputs: []string{"active", "w2", "b2"}, Outputs: []string{"logits"}})
	return onnx.Encode(m)
}

// do runs one line of a document.
func (d *desk) do(t *testing.T, line string) {
	t.Helper()
	line, output, _ := strings.Cut(line, " > ")
	words := split(line)
	switch {
	case line == "go run ./cmd/ttad demo":
		d.ttad(t, []string{"demo", "--rows", "500", "--rate", "0"}, "")
	case words[0] == "make":
		cmd := exec.Command("make", append([]string{"-n", "-C", repository}, words[1:]...)...)
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, text)
	case words[0] == "nats":
		d.nats(t, words[1:])
	case words[0] == "ttad" && words[1] == "run" && len(words) == 3:
		d.start(t, words[1:])
	case words[0] == "ttad":
		d.ttad(t, words[1:], output)
	default:
		t.Fatalf("the document has a command this test cannot run: %s", line)
	}
}

// ttad runs a command to its end; output is the file stdout goes to.
func (d *desk) ttad(t *testing.T, args []string, output string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	require.Zero(t, code, "ttad %s\n%s", strings.Join(args, " "), stderr.String())
	if output == "" {
		return
	}
	text := strings.ReplaceAll(stdout.String(), "127.0.0.1:9464", "127.0.0.1:0") // no fixed port in tests
	require.NoError(t, os.WriteFile(output, []byte(text), 0o644))
	if output == "ttad.yaml" { // "a change" for ttad config diff
		require.NoError(t, os.WriteFile("new.yaml", []byte(strings.Replace(text, "source_weight: 0.9", "source_weight: 0.8", 1)), 0o644))
	}
}

// start runs the daemon until the test ends, when it must drain and exit with 0.
func (d *desk) start(t *testing.T, args []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stderr, exit := &log{}, make(chan int, 1)
	go func() { exit <- run(ctx, args, strings.NewReader(""), stderr, stderr) }()
	d.stop = func(t *testing.T) {
		cancel()
		require.Zero(t, <-exit, stderr.String())
	}
	streamtest.Eventually(t, "the daemon runs", func() bool { return strings.Contains(stderr.String(), `"running"`) })
}

// nats does what the nats command would: publish, and wait for what comes of it.
func (d *desk) nats(t *testing.T, words []string) {
	t.Helper()
	if words[0] == "sub" {
		return // the subscription's subject is checked with the publication
	}
	require.Equal(t, "pub", words[0])
	if strings.HasSuffix(words[1], ".feedback") {
		d.label(t, words[1], words[2])
		return
	}
	out := strings.Replace(words[1], ".in.", ".out.", 1)
	sub, err := d.nc.SubscribeSync(out)
	require.NoError(t, err)
	require.NoError(t, d.nc.Publish(words[1], []byte(words[2])))
	m, err := sub.NextMsg(30 * time.Second)
	require.NoError(t, err, "no prediction on %s", out)
	require.Contains(t, string(m.Data), `"rows":[{"class":`)
	d.answered++
}

// label publishes a label and waits until the daemon has taken and acknowledged it,
// and not as a dead letter.
func (d *desk) label(t *testing.T, subject, body string) {
	t.Helper()
	js, err := jetstream.New(d.nc)
	require.NoError(t, err)
	refused, err := d.nc.SubscribeSync(strings.Replace(subject, ".feedback", ".dlq", 1))
	require.NoError(t, err)
	stored, err := js.Publish(t.Context(), subject, []byte(body))
	require.NoError(t, err)
	consumer, err := js.Consumer(t.Context(), stored.Stream, "ttad-cameras-feedback")
	require.NoError(t, err)
	streamtest.Eventually(t, "the label is taken", func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.AckFloor.Stream >= stored.Sequence
	})
	n, _, err := refused.Pending()
	require.NoError(t, err)
	require.Zero(t, n, "the label became a dead letter")
	d.labelled++
}

// split cuts a line into words; single quotes hold a word together.
func split(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

// repository is found before tests change the working folder.
var repository = func() string {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Join(wd, "..", "..")
}()

// log is a buffer the daemon writes and the test reads.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
