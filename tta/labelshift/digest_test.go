package labelshift_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
	"ttad/tta/labelshift"
	"ttad/tta/ttatest"
)

func TestTheDigestFollowsTheWeightsNotTheFilesName(t *testing.T) {
	text, err := os.ReadFile("testdata/adapter.json")
	require.NoError(t, err)
	adapter, err := labelshift.ParseAdapter(text)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "adapter.json")
	digest := func() string {
		text, err := adapter.Encode()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, text, 0o600))
		cfg := labelshift.Spec().NewConfig().(*labelshift.Config)
		cfg.Mode, cfg.Adapter = labelshift.ModeAdapter, file
		s, err := labelshift.New(ttatest.NewModel(adapter.Classes).Env("main"), cfg)
		require.NoError(t, err)
		return s.(tta.Digester).Digest()
	}
	first := digest()
	assert.Equal(t, first, digest())
	adapter.B2[0]++
	assert.NotEqual(t, first, digest())
}
