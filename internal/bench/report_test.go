package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableShowsShares(t *testing.T) {
	j := job{name: "net", shape: []int{64, 3}, threads: 1}
	r := &report{
		engines: []engine{{name: "ttad"}, {name: "other"}},
		notes:   []string{"PyTorch was not found."},
		lines: []line{
			{j, frozen, []cell{{"ttad", 1000, 8, 0.01}, {"other 1.2", 2000, 91.4, 0.5}}},
			{j, blended, []cell{{"ttad", 800, 0, 0.03}, {}}},
		},
	}
	text := r.markdown()
	for _, want := range []string{
		"## Against other engines\n",
		"Engines: ttad, other 1.2.",
		"| rows a second | batch | threads | ttad | other |\n|---|---|---|---|---|\n",
		"| net, frozen | 64 | 1 | 1000 | 2000 (0.50) |\n",
		"| net, alpha-BN | 64 | 1 | 800, 0.80 of frozen | – |\n",
		"| net, frozen | 64 | 1 | 8 | 91 |\n",
		"| net, alpha-BN | 64 | 1 | – | – |\n",
		"are 3 % of its median apart in the median cell, and 50 % in the worst (other 1.2, net, batch 64, threads 1, frozen).\n",
		"\nPyTorch was not found.\n",
	} {
		assert.Contains(t, text, want)
	}
}

func TestSectionTakesItsOldPlace(t *testing.T) {
	const section = "## Against other engines\n\nnew\n"
	for name, tt := range map[string]struct{ text, want string }{
		"between others": {"# P\n\n## Against other engines\n\nold\n\n## Next\n\nx\n", "# P\n\n" + section + "\n## Next\n\nx\n"},
		"last":           {"# P\n\n## Against other engines\n\nold\n", "# P\n\n" + section},
		"not there":      {"# P\n\ntext\n", "# P\n\ntext\n\n" + section},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, replaceSection(tt.text, section))
			assert.Equal(t, tt.want, replaceSection(tt.want, section), "measuring again changes no place")
		})
	}
}

func TestDocumentIsRewrittenInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	require.NoError(t, os.WriteFile(path, []byte("# P\n"), 0o600))
	require.NoError(t, rewriteDocument(path, "## Against other engines\n\nnew\n"))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "# P\n\n## Against other engines\n\nnew\n", string(got))
	require.ErrorContains(t, rewriteDocument(path+".none", ""), "read the document")
}

func TestWithoutDataOnlyGeneratedModelsRun(t *testing.T) {
	jobs, notes, err := writeJobs(t.TempDir(), filepath.Join(t.TempDir(), "models"))
	require.NoError(t, err)
	assert.Equal(t, []string{"ResNet-20 was not run: no models/resnet20.onnx in the folder -data names."}, notes)
	require.Len(t, jobs, 4, "two generated models, one and two threads")
	for _, j := range jobs {
		for _, m := range j.modes {
			assert.FileExists(t, j.file[m])
		}
		assert.FileExists(t, j.file[frozen]+".json")
		assert.FileExists(t, j.input)
	}
}
