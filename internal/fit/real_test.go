package fit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/testkit"
	"ttad/models"
	"ttad/models/onnx"
)

// cached is 10,000 training images as ResNet-20 sees them, for a model of the file.
func cached(t *testing.T, model string) *Source {
	t.Helper()
	g, err := onnx.Load(models.Config{Kind: models.KindONNX, File: testkit.Shared(t, "data", "models", model)}, "")
	require.NoError(t, err)
	archive := testkit.Shared(t, "data", "cifar10-source", "train_features_resnet20.npz")
	s := &Source{Graph: g}
	s.Logits, err = ReadMatrix(archive + ":logits")
	require.NoError(t, err)
	s.Features, err = ReadMatrix(archive + ":features")
	require.NoError(t, err)
	s.Labels, err = ReadLabels([]string{archive + ":labels"})
	require.NoError(t, err)
	return s
}

func TestResNetFeaturesTrainAnAdapterNoWorseThanTheRatio(t *testing.T) {
	o := DefaultOptions()
	o.Epochs = 2
	_, report, err := Adapter(t.Context(), cached(t, "resnet20.onnx"), o)
	require.NoError(t, err)
	assert.Equal(t, 2000, report.HeldOut)
	assert.LessOrEqual(t, report.AdapterLoss, report.RatioLoss+1e-6)
	assert.Less(t, report.RatioLoss, report.SourceLoss)
	assert.LessOrEqual(t, report.AdapterError, 0.01)
}

func TestFeaturesOfAnotherNetworkAreNoticed(t *testing.T) {
	_, err := Confusion(cached(t, "resnet56.onnx"))
	assert.ErrorContains(t, err, "they are not of this model")
}
