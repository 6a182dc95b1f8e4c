package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sbinet/npyio/npz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/models/onnx"
)

// zoo lists real PyTorch exports, one tiny model a family (testdata/zoo), with
// what an import must find.
var zoo = []struct {
	name     string
	norms    int
	features int
	classes  int
}{
	{"resnet", 14, 10, 5},
	{"resnext", 20, 32, 5},
	{"regnet", 9, 24, 5},
	{"mobilenet_v2", 10, 1280, 5},
	{"mobilenet_v3_13", 10, 24, 5},
	{"mobilenet_v3_17", 10, 24, 5},
	{"efficientnet", 10, 48, 5},
	{"densenet", 11, 16, 5},
	{"shufflenet", 20, 48, 5},
	{"convnext_13", 0, 16, 5},
	{"convnext_17", 0, 16, 5},
	{"vit_13", 0, 16, 5},
	{"vit_17", 0, 16, 5},
	{"swin", 0, 16, 5},
	{"mlp", 2, 12, 5},
	{"mlp_9", 2, 12, 5},
	{"training", 2, 12, 5},
	{"deepfm", 1, 0, 2},
	{"odds", 1, 42, 5},
}

// member is a model of the zoo with its golden arrays.
type member struct {
	graph       *models.Graph
	in          []*accel.Tensor
	logits      []float32
	batchLogits []float32 // every norm on the statistics of the batch; nil without norms
}

const zooRows = 4

func zooMember(t *testing.T, name string) member {
	t.Helper()
	base := filepath.Join("testdata", "zoo", name)
	data, err := os.ReadFile(base + ".onnx")
	require.NoError(t, err)
	g, err := onnx.Import(name+".onnx", data, onnx.Options{})
	require.NoError(t, err)
	f, err := npz.Open(base + ".npz")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	m := member{graph: g}
	for i, port := range g.Inputs {
		key := "in_" + string(rune('0'+i)) + ".npy"
		extents := port.Shape.At(zooRows)
		x := accel.NewTensor(extents...)
		if port.Int {
			var ids []int64
			require.NoError(t, f.Read(key, &ids))
			for k, id := range ids {
				x.Data[k] = float32(id)
			}
		} else {
			require.NoError(t, f.Read(key, &x.Data))
		}
		m.in = append(m.in, x)
	}
	require.NoError(t, f.Read("logits.npy", &m.logits))
	if len(g.Norms) > 0 {
		require.NoError(t, f.Read("batch_logits.npy", &m.batchLogits))
	}
	return m
}

func TestEveryFamilyGivesPyTorchsLogits(t *testing.T) {
	for _, tt := range zoo {
		t.Run(tt.name, func(t *testing.T) {
			m := zooMember(t, tt.name)
			g := m.graph
			assert.Equal(t, tt.classes, g.Classes)
			assert.Len(t, g.Norms, tt.norms)
			assert.Equal(t, tt.features, g.FeatureWidth)
			assert.Equal(t, tt.features > 0, g.Head != nil)
			assert.Empty(t, g.FoldedBN)
			out, err := plain.Run(g.Program, m.in, zooRows, nil)
			require.NoError(t, err)
			testkit.Close(t, "logits", out.Outputs[0].Data, m.logits, 1e-4)
			if tt.norms > 0 {
				out, err = plain.Run(g.Program, m.in, zooRows, batchStatistics(g))
				require.NoError(t, err)
				testkit.Close(t, "logits with batch statistics", out.Outputs[0].Data, m.batchLogits, 1e-4)
			}
		})
	}
}
