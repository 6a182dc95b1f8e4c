package configs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta/builtin"
)

func TestExamplesLoadAndFitTheSchema(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("examples", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 4)
	schema := compileSchema(t, builtin.Registry())
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := configs.ReadFile(path, builtin.Registry(), nil)
			require.NoError(t, err)
			assert.NoError(t, schema.Validate(yamlValue(t, path)))
		})
	}
}

func TestExampleIsASmallCompleteFile(t *testing.T) {
	text := configs.Example()
	assert.True(t, strings.HasPrefix(text, "# yaml-language-server: $schema="), "editors look for the schema in the first line")
	f, err := configs.Load("ttad.yaml", []byte(text), builtin.Registry(), nil)
	require.NoError(t, err)
	assert.Empty(t, configs.Lint(f, builtin.Registry(), nil))
}

// A strategy's Config is written for this package; a wrong tag in one panics here
// and not in a user's hands.
func TestEveryStrategyCanBeDescribed(t *testing.T) {
	for _, s := range configs.Strategies(builtin.Registry()) {
		for _, k := range s.Knobs {
			assert.NotEmpty(t, k.Doc, "%s.%s", s.Name, k.Name)
		}
		assert.NotEmpty(t, s.Summary, s.Name)
	}
}
