package main

import (
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models/onnx"
)

// stripes are images whose class is how many bright stripes they have: the network
// averages over positions, so it can count them but not tell where they are.
func stripes(n int) *images {
	s := &images{pixels: make([]byte, n*pixels), labels: make([]byte, n)}
	for i := range n {
		s.labels[i] = byte(i % classes)
		for y := range side {
			for k := range int(s.labels[i]) {
				s.pixels[i*pixels+y*side+2*k+i/classes%3] = 255
			}
		}
	}
	return s
}

func TestTrainingLearnsAndExportsWhatItLearned(t *testing.T) {
	net, learn := network(1)
	var losses []float64
	trained, err := fit(t.Context(), net, learn, stripes(200), schedule{epochs: 11, rows: 20, rate: 0.02, seed: 1},
		func(_, _ int, loss, _ float64) { losses = append(losses, loss) })
	require.NoError(t, err)
	require.Len(t, losses, 2, "told at step 0 and 100 of 110")
	assert.Less(t, losses[1], losses[0]/2)
	accuracy, err := score(trained, learn, stripes(100))
	require.NoError(t, err)
	assert.Greater(t, accuracy, 0.6, "with the stored moments; a guess would be 0.1")

	path := filepath.Join(t.TempDir(), "model.onnx")
	require.NoError(t, write(path, trained))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	g, err := onnx.Import("model.onnx", data, onnx.Options{})
	require.NoError(t, err)
	assert.Equal(t, classes, g.Classes)
	assert.Equal(t, 64, g.FeatureWidth)
	require.Len(t, g.Norms, 3, "BatchNormalization is kept")
	assert.Equal(t, trained.Values[trained.Steps[1].In[3]].Const, g.Norms[0].Source.Mean)
	assert.Equal(t, "[N 1 28 28]", g.Inputs[0].Shape.String())
}

func TestTrainingStopsWhenAsked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	net, learn := network(1)
	_, err := fit(ctx, net, learn, stripes(20), schedule{epochs: 5, rows: 20, rate: 0.01},
		func(int, int, float64, float64) { stop() })
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "stopped at step 1")
}

func TestTheLearningRateRisesAndFalls(t *testing.T) {
	s := schedule{rate: 0.004}
	assert.InDelta(t, 0.002, s.rateAt(99, 1000), 1e-9)
	assert.InDelta(t, 0.004, s.rateAt(200, 1000), 1e-9)
	assert.InDelta(t, 0.002, s.rateAt(600, 1000), 1e-9)
	assert.InDelta(t, 0, s.rateAt(999, 1000), 1e-7)
}

func TestNetworkIsDrawnFromItsSeed(t *testing.T) {
	a, learn := network(3)
	b, _ := network(3)
	c, _ := network(4)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, c)
	require.NoError(t, a.Check())
	weights := 0
	for _, id := range learn {
		weights += a.Values[id].Shape.Elements(1)
	}
	assert.Equal(t, 24058, weights)
}

func TestBatchStandardisesPixels(t *testing.T) {
	s := &images{pixels: make([]byte, 2*pixels), labels: []byte{4, 9}}
	s.pixels[pixels] = 255
	x, y := accel.NewTensor(1, 1, side, side), accel.NewTensor(1, classes)
	s.batch([]int{1}, x, y)
	assert.InDelta(t, (1-0.2860)/0.3530, x.Data[0], 1e-6)
	assert.InDelta(t, -0.2860/0.3530, x.Data[1], 1e-6)
	assert.Equal(t, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, y.Data)
}

func TestLoadRefusesOtherData(t *testing.T) {
	dir := t.TempDir()
	_, err := load(dir, "train")
	assert.ErrorIs(t, err, os.ErrNotExist)

	f, err := os.Create(filepath.Join(dir, "train-images-idx3-ubyte.gz"))
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("not these"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	_, err = load(dir, "train")
	assert.ErrorContains(t, err, "not the published Fashion-MNIST file")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), []byte("torn"), 0o600))
	_, err = load(dir, "train")
	assert.ErrorContains(t, err, "unpack")
}
