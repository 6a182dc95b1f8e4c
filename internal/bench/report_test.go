package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aReport has a network that Winograd's algorithm is for, and a kernel.
func aReport() *report {
	net := job{workload: workload{name: nameResNet20, modes: []mode{frozen, blended}}, shape: []int{200, 3}, on: 1}
	kernel := job{workload: workload{name: nameProduct, modes: []mode{frozen}, flops: 2e6}, shape: []int{512, 512}, on: 1}
	return &report{
		engines: []engine{{name: ttadDirect}, {name: ttadWinograd}, {name: onnxRuntime}, {name: fmaLoop}},
		notes:   []string{"PyTorch was not found."},
		lines: []line{
			{net, frozen, []cell{{"ttad direct", 1000, 8, 4, 0.01}, {"ttad Winograd", 3000, 9, 4, 0.01}, {"ONNX Runtime 1.2", 2000, 91.4, 60, 0.5}, {}}},
			{net, blended, []cell{{"ttad direct", 800, 30, 4, 0.03}, {"ttad Winograd", 1500, 90, 4, 0.03}, {"ONNX Runtime 1.2", 500, 120, 60, 0.03}, {}}},
			{kernel, frozen, []cell{{"ttad direct", 81000, 0, 0, 0.02}, {}, {"ONNX Runtime 1.2", 90000, 0, 0, 0.02}, {"FMA loop", 100000, 0, 0, 0.02}}},
		},
	}
}

func TestTablesShowShares(t *testing.T) {
	text := aReport().markdown()
	for _, want := range []string{
		"## Against other engines\n",
		"Engines: ttad direct, ttad Winograd, ONNX Runtime 1.2, FMA loop.",
		"| rows a second | batch | threads | ttad direct | ttad Winograd | ONNX Runtime | FMA loop |\n|---|---|---|---|---|---|---|\n",
		"| ResNet-20, frozen | 200 | 1 | 1000 | 3000 | 2000 (0.50, 1.50) | – |\n",
		"| ResNet-20, alpha-BN | 200 | 1 | 800, 0.80 of frozen | 1500, 0.50 of frozen | 500 (1.60, 3.00) | – |\n",
		"| matrix product 512³ | 512 | 1 | 162 | – | 180 (0.90) | 200 (0.81) |\n",
		"| ResNet-20, alpha-BN | 200 | 1 | 30 (4) | 90 (4) | 120 (60) | – |\n",
		"are 2 % of its median apart in the median cell, and 50 % in the worst (ONNX Runtime 1.2, ResNet-20, batch 200, threads 1, frozen).\n",
		"\nPyTorch was not found.\n",
	} {
		assert.Contains(t, text, want)
	}
}

func TestBarsSayWhatWasMeasuredAndWhetherItIsEnough(t *testing.T) {
	text := aReport().markdown()
	for _, want := range []string{
		"of the FMA loop | at least 0.8 | 0.81 (matrix product 512³ 512×1) | met |\n",
		"| ResNet-20 frozen, Winograd, against ONNX Runtime | at least 2.2 | 1.5 (200×1) | **missed** at 1 of 1 |\n",
		"rewritten graph | at least 3 | 3 (200×1) | met |\n",
		"| ResNet-20 alpha-BN against our own frozen plan, direct | at least 0.8 | 0.8 (200×1) | met |\n",
		"| peak memory of ResNet-20 alpha-BN, MiB | at most 80 | 90 (200×1) | **missed** at 1 of 1 |\n",
		"| the same as a share of ONNX Runtime's | at most 1 | 0.75 (200×1) | met |\n",
		"| ViT-Tiny against ONNX Runtime | at least 0.9 | not measured | – |\n",
	} {
		assert.Contains(t, text, want)
	}
}

func TestTheWorstReadingComesFirst(t *testing.T) {
	at := func(threads int, rates ...float64) line {
		l := line{job: job{workload: workload{name: nameViT}, shape: []int{8}, on: threads}, mode: frozen}
		for _, r := range rates {
			l.cells = append(l.cells, cell{rate: r})
		}
		return l
	}
	r := &report{engines: []engine{{name: ttadDirect}, {name: onnxRuntime}}, lines: []line{at(1, 30, 10), at(2, 10, 20), at(4, 7, 0)}}
	b := bar{jobs: []string{nameViT}, of: side{best, frozen}, to: side{onnxRuntime, frozen}, value: speed, bound: 1}
	assert.Equal(t, "0.5 (8×2), 3 (8×1) | **missed** at 1 of 2", b.verdict(r.readings(b)), "a line without the peer says nothing")
	b.atMost = true
	assert.Equal(t, "3 (8×1), 0.5 (8×2) | **missed** at 1 of 2", b.verdict(r.readings(b)))
	b.threads = 2
	assert.Equal(t, "0.5 (8×2) | met", b.verdict(r.readings(b)))
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
