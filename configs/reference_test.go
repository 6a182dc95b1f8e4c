package configs_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
)

func TestSectionsDescribeEveryField(t *testing.T) {
	sections := configs.Sections()
	byPath := map[string]configs.Section{}
	for _, s := range sections {
		byPath[s.Path] = s
		for _, f := range s.Fields {
			assert.NotEmpty(t, f.Doc, "%s.%s has no doc tag", s.Path, f.Name)
			assert.Contains(t, []configs.Class{configs.Hot, configs.Warm, configs.Cold}, f.Reload, "%s.%s", s.Path, f.Name)
		}
	}
	for _, path := range []string{"", "bus", "bus.tls", "bus.embedded", "groups.<name>", "groups.<name>.batch", "groups.<name>.pipelines[]", "log"} {
		assert.Contains(t, byPath, path)
	}
	require.Contains(t, byPath["groups.<name>.batch"].Fields, configs.FieldDoc{
		Name: "max_delay", Type: "duration", Default: "20ms", Bounds: "from 0s to 1m", Reload: configs.Cold,
		Doc: "Age of the oldest row at which a batch closes.",
	})
}

func TestKnobsDescribeAStrategy(t *testing.T) {
	spec, _ := registry().Lookup("alphabn")
	knobs := configs.Knobs(spec.NewConfig())
	require.Len(t, knobs, 5)
	assert.Equal(t, configs.FieldDoc{Name: "source_weight", Type: "number", Default: "0.9", Bounds: "from 0 to 1", Reload: configs.Hot, Doc: "Weight of the source moments."}, knobs[0])
	assert.Equal(t, "over 0", knobs[1].Bounds)
	assert.Empty(t, knobs[1].Default, "a pointer has no default")
	assert.Empty(t, configs.Knobs(nil))
}
