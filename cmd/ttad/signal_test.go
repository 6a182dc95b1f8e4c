package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/internal/testkit/tinymodel"
)

// A signal that comes while models load is an orderly end: nothing was taken.
func TestASignalDuringTheStartEndsWell(t *testing.T) {
	dir := t.TempDir()
	tinymodel.Write(t, dir, "tiny.onnx", tinymodel.Bytes())
	path := tinymodel.Write(t, dir, "ttad.yaml", []byte(`version: 1
bus: {embedded: {store_dir: store}, provision: true}
log: {format: json}
groups: {g: {model: {file: tiny.onnx}, pipelines: [{name: main}]}}
`))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stderr := &bytes.Buffer{}
	assert.Equal(t, exitOK, run(ctx, []string{"run", path}, nil, nil, stderr))
	assert.Contains(t, stderr.String(), "asked to stop before the first message was taken")
	assert.NoDirExists(t, filepath.Join(dir, "store"))
}
