package configs_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta"
)

func TestLoadFillsInDefaultsAndValues(t *testing.T) {
	f, err := load(t, filepath.Join("testdata", "full.good.yaml"))
	require.NoError(t, err)
	g := f.Groups["cameras"]
	assert.Equal(t, time.Minute, g.Batch.MaxDelay)
	assert.Equal(t, int64(1536<<10), g.Batch.MaxBytes)
	assert.Equal(t, uint64(1<<64-1), g.Seed)
	assert.Equal(t, "tls://nats.example:4222", f.Bus.Servers[1])
	first := g.Pipelines[0].Strategies[0]
	assert.Equal(t, "alphabn", first.Name)
	assert.Equal(t, &blend{SourceWeight: 0.8, MinRows: 8, Variance: "unbiased", Exclude: []string{"stem", "head"}}, first.Params)
	assert.Equal(t, &neighbors{Neighbors: 5, Affinity: "rbf"}, g.Pipelines[0].Strategies[1].Params)
	assert.Equal(t, configs.DefaultGroup().Batch, f.Groups["table"].Batch)
}

func TestAnOwnKeyWinsOverAMergedOne(t *testing.T) {
	f, err := load(t, filepath.Join("testdata", "anchors.good.yaml"))
	require.NoError(t, err)
	b := f.Groups["b"]
	assert.Equal(t, "b.onnx", b.Model.File)
	assert.Equal(t, 64, b.Batch.MaxRows)
	assert.Equal(t, 5*time.Millisecond, b.Batch.MaxDelay)
	assert.Equal(t, 3, b.Batch.MaxKeys)
	assert.Equal(t, 32, f.Groups["a"].Batch.MaxRows)
	assert.NotSame(t, f.Groups["a"].Pipelines[0].Strategies[0].Params, b.Pipelines[0].Strategies[0].Params)
	assert.NotNil(t, f.Bus.Embedded, "an empty embedded: is the embedded server with its defaults")
}

func TestTheEnvironmentCannotAddStructure(t *testing.T) {
	f, err := load(t, filepath.Join("testdata", "env.good.yaml"))
	require.NoError(t, err)
	assert.Equal(t, "x\nadmin: {y: [1]}", f.Groups["g"].Model.LabelsFile)
	assert.Equal(t, "/srv/$model-$1.onnx", f.Groups["g"].Model.File)
	assert.Equal(t, 3, f.Device.Threads)
	assert.False(t, f.Groups["g"].Output.Source)
}

func TestWhatFollowsFromTheRestMayBeLeftOut(t *testing.T) {
	const text = `
version: 1
bus: {embedded: {}}
groups:
  g:
    model: {file: m.onnx, classes: 2}
    batch: {max_rows: 1000}
    pipelines: [{name: a}, {name: b, role: shadow}]
`
	g := parsed(t, text).Groups["g"]
	assert.Equal(t, tta.Champion, g.Pipelines[0].Role)
	assert.Equal(t, 2, g.Output.TopK)
	assert.Equal(t, 2000, g.Limits.InFlightRows)
}

func TestPathsStartAtTheConfiguration(t *testing.T) {
	f, err := configs.Load("etc/ttad.yaml", []byte(before), registry(), nil)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join("etc", "a.onnx"), f.Resolve("a.onnx"))
	assert.Equal(t, "/m/a.onnx", f.Resolve("/m/a.onnx"))
	assert.Empty(t, f.Resolve(""))
}

func TestReadFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ttad.yaml")
	_, err := configs.ReadFile(path, registry(), nil)
	require.ErrorIs(t, err, os.ErrNotExist)

	require.NoError(t, os.WriteFile(path, []byte("version: 2\n"), 0o600))
	_, err = configs.ReadFile(path, registry(), nil)
	var all *configs.Errors
	require.ErrorAs(t, err, &all)
	assert.Equal(t, path, all.List[0].File)
}

// hostile are inputs that cost some parsers minutes or gigabytes.
func hostile() map[string][]byte {
	merges := "m0: &m0 {version: 1}\n"
	for i := 1; i < 40; i++ {
		merges += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i-1, i-1)
	}
	return map[string][]byte{
		"open brackets":  bytes.Repeat([]byte("["), 1<<20),
		"open braces":    bytes.Repeat([]byte("{a: "), 1<<18),
		"dashes":         bytes.Repeat([]byte("- "), 1<<19),
		"questions":      bytes.Repeat([]byte("? "), 1<<19),
		"list of items":  append([]byte("version: ["), bytes.Repeat([]byte("1,"), 1<<19-20)...),
		"unknown keys":   manyKeys(40_000),
		"wrong numbers":  append([]byte("groups: {g: {input: {mean: ["), append(bytes.Repeat([]byte("x,"), 1<<19-30), "]}}}"...)...),
		"same anchor":    bytes.Repeat([]byte("- &a 1\n"), 100_000),
		"merges":         []byte(merges),
		"one long line":  append([]byte("version: "), bytes.Repeat([]byte("x"), 1<<20-20)...),
		"comments":       bytes.Repeat([]byte("# c\n"), 1<<18),
		"many documents": bytes.Repeat([]byte("---\n"), 1<<18),
		"references":     append([]byte("bus: {prefix: \""), append(bytes.Repeat([]byte("${A"), 300_000), "\"}"...)...),
		"too large":      bytes.Repeat([]byte(" "), 1<<20+1),
	}
}

func manyKeys(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "max_rows_of_%d: 1\n", i)
	}
	return b.Bytes()
}

func TestHostileFilesAreRefused(t *testing.T) {
	for name, data := range hostile() {
		t.Run(name, func(t *testing.T) {
			_, err := configs.Load(name, data, registry(), nil)
			var all *configs.Errors
			require.ErrorAs(t, err, &all)
			assert.LessOrEqual(t, len(all.List), 1001)
		})
	}
}
