package configs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
)

func TestRenderTellsEveryValueAndItsOrigin(t *testing.T) {
	for _, name := range []string{"full", "least", "env"} {
		t.Run(name, func(t *testing.T) {
			f, err := load(t, filepath.Join("testdata", name+".good.yaml"))
			require.NoError(t, err)
			text, err := configs.Render(f)
			require.NoError(t, err)
			golden(t, filepath.Join("testdata", name+".rendered"), text)
		})
	}
}

func TestRenderedTextLoadsToTheSame(t *testing.T) {
	for _, path := range corpus(t, "*.good.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := load(t, path)
			require.NoError(t, err)
			text, err := configs.Render(f)
			require.NoError(t, err)
			again, err := configs.Load("rendered.yaml", []byte(text), registry(), nil)
			require.NoError(t, err, "%s", text)
			for _, c := range configs.Diff(f, again) {
				assert.Equal(t, "bus.password", c.Path, "only secrets are lost: %+v", c)
			}
		})
	}
}

func TestRenderHidesSecrets(t *testing.T) {
	f, err := load(t, filepath.Join("testdata", "full.good.yaml"))
	require.NoError(t, err)
	require.Equal(t, "12345", f.Bus.Password)
	text, err := configs.Render(f)
	require.NoError(t, err)
	assert.NotContains(t, text, "12345")
	line := text[strings.Index(text, "password:"):]
	assert.Contains(t, line[:strings.Index(line, "\n")], "***")
}

func TestPasswordsInURLsAreHidden(t *testing.T) {
	const text = `
version: 1
bus: {servers: ["nats://me:${NATS_PASSWORD}@h:4222", "tls://h:4222"]}
groups: {g: {model: {file: m.onnx}, pipelines: [{name: main}]}}
`
	f := parsed(t, text)
	require.Equal(t, "nats://me:12345@h:4222", f.Bus.Servers[0])
	shown, err := configs.Render(f)
	require.NoError(t, err)
	assert.Contains(t, shown, "nats://me:***@h:4222")

	other := parsed(t, strings.Replace(text, "${NATS_PASSWORD}", "other", 1))
	changes := configs.Diff(f, other)
	require.Len(t, changes, 1, "that it changed is no secret")
	assert.NotContains(t, changes[0].Old+changes[0].New, "12345")
}
