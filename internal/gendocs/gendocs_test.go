package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta/builtin"
)

func TestCommittedDocumentsAreUpToDate(t *testing.T) {
	docs, err := documents(builtin.Registry())
	require.NoError(t, err)
	for name, want := range docs {
		got, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.True(t, string(got) == want, "%s differs from the code: run make docs", name)
	}
}

// What a strategy's documentation shows works when copied.
func TestStrategyExamplesLoad(t *testing.T) {
	for _, s := range builtin.Registry().Specs() {
		t.Run(s.Name, func(t *testing.T) {
			text := `
version: 1
bus: {embedded: {}}
groups:
  g:
    model: {file: m.onnx}
    pipelines:
      - name: main
        strategies:
          - ` + strings.ReplaceAll(s.Example, "\n", "\n            ") + "\n"
			_, err := configs.Load("example.yaml", []byte(text), builtin.Registry(), nil)
			assert.NoError(t, err, "%s", text)
		})
	}
}

func TestTableRowsStayRows(t *testing.T) {
	row := fieldTable([]configs.FieldDoc{{Name: "x", Type: "text", Bounds: "^(a|b)$", Reload: configs.Hot, Doc: "One | two,\nat <name>."}})
	assert.Contains(t, row, "| `x` | text |  | `^(a\\|b)$` | hot | One \\| two, at &lt;name&gt;. |\n")
}
