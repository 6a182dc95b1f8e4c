package onnx_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/models"
	"ttad/models/onnx"
)

// dense returns a linear classifier of 3 numbers and 2 classes whose nodes and
// inputs a test then changes.
func dense(change func(g *onnx.Graph)) []byte {
	m := tinyModel()
	m.Graph.Nodes = []onnx.Node{{Name: "fc", OpType: "Gemm", Inputs: []string{"x", "w", "b"}, Outputs: []string{"logits"}}}
	m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor("b", []float32{1, -1}, 2))
	if change != nil {
		change(&m.Graph)
	}
	return onnx.Encode(m)
}

func ExampleImport() {
	data := dense(nil) // in practice: os.ReadFile("model.onnx")
	g, err := onnx.Import("dense.onnx", data, onnx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Inputs[0].Name, g.Inputs[0].Shape, "->", g.Classes, "classes")
	// Output: x [N 3] -> 2 classes
}

func TestImportFindsTheHead(t *testing.T) {
	g, err := onnx.Import("dense.onnx", dense(nil), onnx.Options{})
	require.NoError(t, err)
	assert.Equal(t, 3, g.FeatureWidth)
	assert.Equal(t, []float32{1, 3, 5, 2, 4, 6}, g.Head.Weight.Data, "[classes features], whichever way the file has it")
	assert.Equal(t, []float32{1, -1}, g.Head.Bias)
	assert.Equal(t, 8, g.Parameters)
	assert.Len(t, g.Digest, 12)
	out, err := plain.Run(g.Program, []*accel.Tensor{accel.TensorOf([]float32{1, 0, -1}, 1, 3)}, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, []float32{1 - 5 + 1, 2 - 6 - 1}, out.Outputs[0].Data)
	assert.Equal(t, []float32{1, 0, -1}, out.Outputs[1].Data, "features that are the input itself come out too")
}

func TestImportTakesNamedValuesFromInsideTheGraph(t *testing.T) {
	data := dense(func(g *onnx.Graph) {
		g.Nodes = append(g.Nodes, onnx.Node{OpType: "TopK", Inputs: []string{"logits"}, Outputs: []string{"best"}})
		g.Outputs = []onnx.ValueInfo{onnx.Float("best", -1), onnx.Float("scores", -1)}
	})
	g, err := onnx.Import("m.onnx", data, onnx.Options{Logits: "logits", Features: "x"})
	require.NoError(t, err, "an operator that does not lead to the logits need not be known")
	assert.Equal(t, 2, g.Classes)
	assert.Equal(t, 3, g.FeatureWidth)
	_, err = onnx.Import("m.onnx", data, onnx.Options{Features: "hidden"})
	require.ErrorContains(t, err, `the graph has outputs "best", "scores": say which are the logits (model.logits)`)
	_, err = onnx.Import("m.onnx", data, onnx.Options{Logits: "logit"})
	require.ErrorContains(t, err, `logits: the graph has no value "logit"; its outputs are "best", "scores"`)
}

func TestImportTakesOffAFinalSoftmax(t *testing.T) {
	data := dense(func(g *onnx.Graph) {
		g.Nodes[0].Outputs[0] = "z"
		g.Nodes = append(g.Nodes, onnx.Node{Name: "soft", OpType: "Softmax", Inputs: []string{"z"}, Outputs: []string{"logits"}})
	})
	g, err := onnx.Import("m.onnx", data, onnx.Options{})
	require.NoError(t, err)
	assert.Equal(t, "z", g.Program.Values[g.Logits].Name)
	assert.NotNil(t, g.Head)
	assert.Equal(t, []string{`the model ends in Softmax (node "soft"); the logits are what goes into it`}, g.Notes)
}

func TestImportListsEveryNodeItDoesNotKnow(t *testing.T) {
	data := dense(func(g *onnx.Graph) {
		g.Nodes[0].Inputs[0] = "r"
		g.Nodes = append([]onnx.Node{
			{Name: "up", OpType: "Resize", Inputs: []string{"x"}, Outputs: []string{"u"}},
			{OpType: "FusedConv", Domain: "com.microsoft", Inputs: []string{"u"}, Outputs: []string{"r"}},
		}, g.Nodes...)
	})
	_, err := onnx.Import("m.onnx", data, onnx.Options{})
	require.ErrorContains(t, err, `import m.onnx: 2 nodes not supported: node "up": op Resize; node "r": op com.microsoft.FusedConv. Supported operators: Abs, Add,`)
}

func TestImportRefusesWithTheReason(t *testing.T) {
	tests := []struct {
		name   string
		change func(g *onnx.Graph)
		says   string
	}{
		{"another dynamic axis", func(g *onnx.Graph) { g.Inputs[0] = onnx.Float("x", -1, -1) },
			`input "x": axis 1 (N) has no fixed extent: only the batch axis may be dynamic. Export the model with a dynamic batch axis: torch.onnx.export(..., dynamic_axes={'x': {0: 'N'}})`},
		{"no shape", func(g *onnx.Graph) { g.Inputs[0].Shaped = false }, `input "x": no batch axis is declared`},
		{"text input", func(g *onnx.Graph) { g.Inputs[0].Type = onnx.TypeString }, `input "x": element type 8 is not supported`},
		{"a weight that does not fit", func(g *onnx.Graph) { g.Initializers[1] = onnx.FloatTensor("b", make([]float32, 3), 3) },
			`node "fc": op Gemm: c: `},
		{"a value from nowhere", func(g *onnx.Graph) { g.Nodes[0].Inputs[1] = "v" }, `node "fc": op Gemm: value "v" is not computed before it is read`},
		{"weights in another file", func(g *onnx.Graph) { g.Initializers[0].External = true }, "external data"},
		{"a constant for logits", func(g *onnx.Graph) {
			g.Nodes[0] = onnx.Node{OpType: "Identity", Inputs: []string{"w"}, Outputs: []string{"logits"}}
		}, `logits: value "logits" does not depend on the input`},
		{"logits that are no matrix", func(g *onnx.Graph) {
			g.Nodes[0].Outputs[0] = "z"
			g.Nodes = append(g.Nodes, onnx.Node{OpType: "Transpose", Inputs: []string{"z"}, Outputs: []string{"logits"}})
		}, `logits: value "logits" has shape [2 N], want one row of numbers per batch row, [N K]`},
		{"a batch size in a Reshape", func(g *onnx.Graph) {
			g.Initializers = append(g.Initializers, onnx.IntTensor("s", []int64{8, 3}, 2))
			g.Nodes[0].Inputs[0] = "r"
			g.Nodes = append([]onnx.Node{{Name: "view", OpType: "Reshape", Inputs: []string{"x", "s"}, Outputs: []string{"r"}}}, g.Nodes...)
		}, `node "view": op Reshape: reshape [N 3] to [8 3]: different numbers of elements (was the batch size written into the file as a number?`},
		{"a value computed twice", func(g *onnx.Graph) { g.Nodes = append(g.Nodes, g.Nodes[0]) }, `value "logits" is computed twice`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := onnx.Import("m.onnx", dense(tt.change), onnx.Options{})
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestImportWantsAKnownOperatorSet(t *testing.T) {
	for version, says := range map[int64]string{
		8:  "opset 8 is not supported, 9 to 21 are; export again with opset_version=17",
		22: "opset 22 is not supported",
	} {
		m := tinyModel()
		m.Opsets[0].Version = version
		_, err := onnx.Import("m.onnx", onnx.Encode(m), onnx.Options{})
		require.ErrorContains(t, err, says)
	}
	m := tinyModel()
	m.Opsets = []onnx.Opset{{Domain: "ai.onnx.ml", Version: 3}}
	_, err := onnx.Import("m.onnx", onnx.Encode(m), onnx.Options{})
	require.ErrorContains(t, err, "no version of the operator set ai.onnx")
}

func TestAFixedBatchIsMadeDynamicWhereNothingDependsOnIt(t *testing.T) {
	fixed := func(g *onnx.Graph) {
		g.Inputs[0] = onnx.Float("x", 1, 3)
		g.Outputs[0] = onnx.Float("logits", 1, 2)
	}
	g, err := onnx.Import("m.onnx", dense(fixed), onnx.Options{})
	require.NoError(t, err)
	assert.Equal(t, "[N 3]", g.Inputs[0].Shape.String())
	assert.Contains(t, g.Notes[0], "exported for batches of exactly 1")

	_, err = onnx.Import("m.onnx", dense(func(g *onnx.Graph) {
		fixed(g)
		g.Initializers = append(g.Initializers, onnx.IntTensor("s", []int64{1, -1}, 2))
		g.Nodes[0].Inputs[0] = "r"
		g.Nodes = append([]onnx.Node{{Name: "view", OpType: "Reshape", Inputs: []string{"x", "s"}, Outputs: []string{"r"}}}, g.Nodes...)
	}), onnx.Options{})
	require.ErrorContains(t, err, "The file was exported for batches of exactly 1: Export the model with a dynamic batch axis")
}

func TestLoadAndLabelsFollowTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	write("m.onnx", dense(nil))
	write("labels.txt", []byte("cat\r\ndog\r\n\n"))
	cfg := defaults("m.onnx")
	g, err := onnx.Load(cfg, dir)
	require.NoError(t, err)
	assert.Equal(t, "m.onnx", g.Name)

	cfg.LabelsFile = "labels.txt"
	labels, err := onnx.Labels(cfg, dir, 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"cat", "dog"}, labels)
	_, err = onnx.Labels(cfg, dir, 3)
	require.ErrorContains(t, err, "labels.txt has 2 lines, the model has 3 classes")

	cfg.SHA256 = "0123456789ab"
	_, err = onnx.Load(cfg, dir)
	require.ErrorContains(t, err, "m.onnx has SHA-256 "+g.Digest+", model.sha256 expects 0123456789ab")
	cfg.SHA256 = g.Digest
	cfg.Classes = 10
	_, err = onnx.Load(cfg, dir)
	require.ErrorContains(t, err, "m.onnx has 2 classes, model.classes says 10")
	cfg.Classes = 2
	cfg.Calibration = "none.json"
	_, err = onnx.Load(cfg, dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	write("bad.json", []byte("{}"))
	cfg.Calibration = "bad.json"
	_, err = onnx.Load(cfg, dir)
	require.ErrorContains(t, err, "bad.json: read calibration: version 0")
	write("text.onnx", []byte("hello"))
	_, err = onnx.Load(defaults("text.onnx"), dir)
	require.ErrorIs(t, err, onnx.ErrNotONNX)
	_, err = onnx.Load(defaults("."), dir)
	require.ErrorContains(t, err, "is not a regular file")
}

func defaults(file string) models.Config {
	cfg := models.DefaultConfig()
	cfg.File = file
	return cfg
}

// FuzzImport starts from whole models, so that mutations reach the lowerings.
// Whatever comes in, the result is an error or a program that checks.
func FuzzImport(f *testing.F) {
	f.Add(dense(nil))
	for _, name := range []string{"mlp", "deepfm", "odds"} {
		data, err := os.ReadFile(filepath.Join("testdata", "zoo", name+".onnx"))
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := onnx.Import("fuzz.onnx", data, onnx.Options{})
		if err != nil {
			return
		}
		require.NoError(t, g.Program.Check())
		require.Positive(t, g.Classes)
		require.Len(t, g.Norms, len(g.Program.NormSteps))
	})
}
