package main

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/networks"
	"ttad/models/onnx"
)

func names(jobs []job) (out []string) {
	for _, j := range jobs {
		out = append(out, j.String())
	}
	return out
}

func TestJobsAreThoseAskedForWithTheirFiles(t *testing.T) {
	jobs, notes, err := writeJobs(t.TempDir(), regexp.MustCompile("MLP|replay"), t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, []string{
		"MLP 64→256→256→10, batch 64, threads 1", "MLP 64→256→256→10, batch 64, threads 2",
		"ttad replay of ResNet-20 with alphabn, batch 64, threads 1", "ttad replay of ResNet-20 with alphabn, batch 64, threads 2",
	}, names(jobs))
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], "random weights")
	for _, j := range jobs {
		assert.FileExists(t, j.file[frozen]+".json")
		assert.FileExists(t, j.input)
		if slices.Contains(j.modes, blended) {
			assert.FileExists(t, j.file[blended])
		}
	}
	_, _, err = writeJobs("", regexp.MustCompile("^no such$"), t.TempDir())
	require.ErrorContains(t, err, `-only "^no such$" matches no workload`)
}

func TestEveryBarIsAboutAWorkload(t *testing.T) {
	var known []string
	for _, w := range append(entire(networks.ResNet20), layers()...) {
		known = append(known, w.name)
	}
	for _, b := range bars() {
		assert.Subset(t, known, b.jobs, b.work)
	}
}

// parameters counts what training would learn: all floats but stored moments.
func parameters(m *onnx.Model) int {
	moments := map[string]bool{}
	for _, n := range nodesOf(m, "BatchNormalization") {
		moments[n.Inputs[3]], moments[n.Inputs[4]] = true, true
	}
	count := 0
	for _, c := range m.Graph.Initializers {
		if size := len(c.Raw) / 4; !moments[c.Name] {
			count += size
		}
	}
	return count
}

// The published counts of these networks, and what stands in the graph beside
// them: two bounds for each of 35 activations; four divisors and addends for each
// of 12 layers, while the class token is part of the positions.
func TestNetworksAreAsLargeAsPublished(t *testing.T) {
	for _, tt := range []struct {
		name  string
		model *onnx.Model
		want  int
	}{
		{"ResNet-18", networks.ResNet18(), 11_689_512},
		{"MobileNetV2", networks.MobileNetV2(), 3_504_872 + 2*35},
		{"ViT-Tiny", networks.VisionTiny(), 5_717_416 - 192 + 12*4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, parameters(tt.model))
			g, err := onnx.Import(tt.name, onnx.Encode(tt.model), onnx.Options{})
			require.NoError(t, err)
			assert.Equal(t, 1000, g.Classes)
			assert.Len(t, g.Norms, len(nodesOf(tt.model, "BatchNormalization")))
		})
	}
}
