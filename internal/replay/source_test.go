package replay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/replay"
)

// A pipeline called source is the source model; it stands in the report once.
func TestASourcePipelineIsTheSourceEntry(t *testing.T) {
	g := cifar(t, 64, `      - {name: main, role: champion, strategies: [alphabn]}
      - {name: source, role: shadow, strategies: [source]}`)
	r, err := replay.Run(t.Context(), g, load(t, 64, "clean"), replay.Options{})
	require.NoError(t, err)
	require.Len(t, r.Pipelines, 2)
	assert.Equal(t, "source", r.Pipelines[0].Name)
	assert.Equal(t, "shadow", r.Pipelines[0].Role)
	assert.Equal(t, 1.0, r.Pipelines[0].ForwardsPerBatch)
	assert.Equal(t, "main", r.Pipelines[1].Name)
}
