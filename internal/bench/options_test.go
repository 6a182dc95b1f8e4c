package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptionsRefuseWhatWouldMislead(t *testing.T) {
	for want, args := range map[string][]string{
		"both must be positive":         {"-rounds", "0"},
		"would replace the whole":       {"-only", "MLP", "-o", "performance.md"},
		"-only: error parsing regexp":   {"-only", "("},
		"flag provided but not defined": {"-fast"},
	} {
		_, err := parseOptions(args)
		require.ErrorContains(t, err, want)
	}
	o, err := parseOptions([]string{"-only", "ResNet|MLP"})
	require.NoError(t, err)
	assert.True(t, o.only.MatchString(nameResNet18))
	assert.False(t, o.only.MatchString(nameViT))
}
