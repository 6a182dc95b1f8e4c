package tinymodel_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit/tinymodel"
	"ttad/models/onnx"
)

func TestTheModelHasWhatStrategiesActOn(t *testing.T) {
	g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
	require.NoError(t, err)
	assert.Len(t, g.Norms, 1)
	assert.Empty(t, g.FoldedBN)
	assert.Equal(t, tinymodel.Classes, g.Classes)
	assert.Equal(t, tinymodel.Features, g.FeatureWidth)
	assert.NotNil(t, g.Head)
}

func TestTheFoldedModelLooksFolded(t *testing.T) {
	g, err := onnx.Import("folded.onnx", tinymodel.FoldedBytes(), onnx.Options{})
	require.NoError(t, err)
	assert.Empty(t, g.Norms)
	assert.Equal(t, []string{"conv"}, g.FoldedBN)
}

func TestRowsDoNotDependOnHowManyAreAsked(t *testing.T) {
	assert.Equal(t, tinymodel.Rows(5)[4*tinymodel.RowSize:], tinymodel.Row(4))
	assert.NotEqual(t, tinymodel.Row(3), tinymodel.Row(4))
}
