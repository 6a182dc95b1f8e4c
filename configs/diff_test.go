package configs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
)

const before = `
version: 1
bus: {embedded: {}, password: "", prefix: tta}
groups:
  g:
    model: {file: a.onnx}
    batch: {max_rows: 64, max_delay: 20ms}
    input: {subjects: [a.>, b.>]}
    pipelines:
      - {name: main, role: champion, strategies: [alphabn: {source_weight: 0.9, exclude: [stem]}]}
      - {name: other, role: shadow, strategies: [lame]}
`

func parsed(t *testing.T, text string) *configs.File {
	t.Helper()
	f, err := configs.Load("test.yaml", []byte(text), registry(), environment)
	require.NoError(t, err)
	return f
}

func TestDiffClassesWhatAChangeTakes(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // replaced in before
		want     configs.Change
	}{
		{"a strategy's parameter is hot", "source_weight: 0.9", "source_weight: 0.5",
			configs.Change{Path: "groups.g.pipelines.main.strategies[0].alphabn.source_weight", Old: "0.9", New: "0.5", Class: configs.Hot}},
		{"a parameter may say otherwise", "exclude: [stem]", "exclude: []",
			configs.Change{Path: "groups.g.pipelines.main.strategies[0].alphabn.exclude", Old: "[stem]", Class: configs.Warm}},
		{"a parameter that was not set", "exclude: [stem]", "exclude: [stem], pseudo_count: 5",
			configs.Change{Path: "groups.g.pipelines.main.strategies[0].alphabn.pseudo_count", New: "5", Class: configs.Hot}},
		{"another strategy rebuilds the pipeline", "strategies: [lame]", "strategies: [source, lame]",
			configs.Change{Path: "groups.g.pipelines.other.strategies", Old: "[lame]", New: "[source, lame]", Class: configs.Warm}},
		{"a batch's rows are cold", "max_rows: 64", "max_rows: 32",
			configs.Change{Path: "groups.g.batch.max_rows", Old: "64", New: "32", Class: configs.Cold}},
		{"its delay is cold, and keeps its unit", "max_delay: 20ms", "max_delay: 1m",
			configs.Change{Path: "groups.g.batch.max_delay", Old: "20ms", New: "1m", Class: configs.Cold}},
		{"the model is cold", "file: a.onnx", "file: b.onnx",
			configs.Change{Path: "groups.g.model.file", Old: "a.onnx", New: "b.onnx", Class: configs.Cold}},
		{"a list is compared whole", "[a.>, b.>]", "[a.>]",
			configs.Change{Path: "groups.g.input.subjects", Old: "[a.>, b.>]", New: "[a.>]", Class: configs.Cold}},
		{"a pipeline less", "      - {name: other, role: shadow, strategies: [lame]}\n", "",
			configs.Change{Path: "groups.g.pipelines.other", Old: "{name: other, role: shadow, strategies: [lame]}", Class: configs.Warm}},
		{"a secret is not shown", `embedded: {}, password: ""`, `servers: [nats://h:1], user: u, password: "${NATS_PASSWORD}"`,
			configs.Change{Path: "bus.password", New: "***", Class: configs.Cold}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Contains(t, before, tt.old)
			changes := configs.Diff(parsed(t, before), parsed(t, strings.Replace(before, tt.old, tt.new, 1)))
			assert.Contains(t, changes, tt.want)
		})
	}
}

func TestDiffIgnoresWhatMeansTheSame(t *testing.T) {
	reordered := strings.Replace(before, "max_rows: 64, max_delay: 20ms", "max_delay: 0.02s", 1)
	lines := strings.Split(strings.TrimSpace(reordered), "\n")
	n := len(lines)
	lines[n-1], lines[n-2] = lines[n-2], lines[n-1]
	assert.Empty(t, configs.Diff(parsed(t, before), parsed(t, strings.Join(lines, "\n"))))
}

func TestDiffListsAGroupAddedOrRemoved(t *testing.T) {
	more := before + "  h: {model: {file: h.onnx}, pipelines: [{name: main}]}\n"
	added := configs.Diff(parsed(t, before), parsed(t, more))
	require.Len(t, added, 1)
	assert.Equal(t, "groups.h", added[0].Path)
	assert.Equal(t, configs.Cold, added[0].Class)
	assert.Empty(t, added[0].Old)
	removed := configs.Diff(parsed(t, more), parsed(t, before))
	require.Len(t, removed, 1)
	assert.Empty(t, removed[0].New)
}
