package configs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"ttad/configs"
	"ttad/tta"
)

func compileSchema(t *testing.T, reg *tta.Registry) *jsonschema.Schema {
	t.Helper()
	text, err := configs.Schema(reg)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("ttad.json", doc))
	s, err := c.Compile("ttad.json")
	require.NoError(t, err)
	return s
}

func yamlValue(t *testing.T, path string) any {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var v any
	require.NoError(t, yaml.Load(data, &v))
	return v
}

func TestSchemaAcceptsGoodFiles(t *testing.T) {
	s := compileSchema(t, registry())
	for _, path := range corpus(t, "*.good.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			assert.NoError(t, s.Validate(yamlValue(t, path)))
		})
	}
}

// What editors can know without ttad, they learn from the schema.
func TestSchemaRefusesWhatItCanSee(t *testing.T) {
	s := compileSchema(t, registry())
	for _, name := range []string{
		"unknown-field", "bare-numbers", "wrong-units", "wrong-types", "out-of-range", "not-allowed-words", "missing",
		"nothing-said", "not-a-mapping", "patterns", "later-versions", "strategies", "from-the-future",
	} {
		t.Run(name, func(t *testing.T) {
			assert.Error(t, s.Validate(yamlValue(t, filepath.Join("testdata", name+".bad.yaml"))))
		})
	}
}
