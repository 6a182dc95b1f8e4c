package onnx_test

import (
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/internal/testkit"
	"ttad/models"
)

const adaptRows = 200

// batchErrors returns the error in percent over the first rows of a corruption
// file, every norm on the statistics of its batch; norms on the logits stay at
// the source.
func batchErrors(t *testing.T, g *models.Graph, rows int, corruption string) float64 {
	t.Helper()
	labels := array(t, "cifar10c", "labels.npy")
	x := images(t, rows, "cifar10c", corruption)
	rules := batchStatistics(g)
	for i, n := range g.Norms {
		if n.FeedsLogits {
			rules[i] = accel.NormRule{}
		}
	}
	o := &models.Overlay{}
	o.SetNorms("blend(0)", rules)
	s, out, wrong := onCPU(t, g, adaptRows), &models.Output{}, 0
	for at := 0; at < rows; at += adaptRows {
		require.NoError(t, s.ForwardInto(t.Context(), []*accel.Tensor{some(x, at, adaptRows)}, adaptRows, o, models.Keep{}, out))
		for i := range adaptRows {
			if argmax(out.Logits.Row(i)) != int(labels.Data[at+i]) {
				wrong++
			}
		}
	}
	return 100 * float64(wrong) / float64(rows)
}

func argmax(row []float32) int {
	best := 0
	for k, v := range row {
		if v > row[best] {
			best = k
		}
	}
	return best
}

// trainingImages returns training images as the network saw them: a random crop
// after padding by 4 black pixels, every second one mirrored.
func trainingImages(t *testing.T, rows int) *accel.Tensor {
	t.Helper()
	f, err := os.Open(testkit.Shared(t, "data", "cifar10-source", "train_sample.png"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	strip, err := png.Decode(f)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	x := accel.NewTensor(rows, 3, 32, 32)
	for n := range rows {
		from := n * 2500 / rows // the strip is not sorted by class, but spread anyway
		cropped(x.Row(n), strip, from, r.IntN(9)-4, r.IntN(9)-4, r.IntN(2) == 1)
	}
	return x
}

// cropped writes image number from of the strip, moved by dy and dx, normalized.
func cropped(dst []float32, strip image.Image, from, dy, dx int, mirrored bool) {
	mean, std := []float32{.485, .456, .406}, []float32{.229, .224, .225}
	for i := range dst {
		c, row, column := i/1024, i/32%32+dy, i%32
		if mirrored {
			column = 31 - column
		}
		column += dx
		v := float32(0)
		if row >= 0 && row < 32 && column >= 0 && column < 32 {
			r, g, b, _ := strip.At(column, 32*from+row).RGBA()
			v = float32([]uint32{r, g, b}[c]>>8) / 255
		}
		dst[i] = (v - mean[c]) / std[c]
	}
}

// calibratedOn records moments of the folded export and takes them through their file.
func calibratedOn(t *testing.T, g *models.Graph, x *accel.Tensor) *models.Graph {
	t.Helper()
	d, err := cpu.New(cpu.Config{})
	require.NoError(t, err)
	at, n := 0, 200
	c, err := models.Calibrate(t.Context(), g, []accel.Device{d}, n, func() ([]*accel.Tensor, int, error) {
		if at == x.Rows() {
			return nil, 0, io.EOF
		}
		at += n
		return []*accel.Tensor{some(x, at-n, n)}, n, nil
	})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	data, err := c.Encode()
	require.NoError(t, err)
	c, err = models.ParseCalibration(data)
	require.NoError(t, err)
	cal, err := g.WithCalibration(c)
	require.NoError(t, err)
	return cal
}

// The statistics stored in the unfolded model are those of training images:
// cropped and mirrored. Moments recorded on such images give the same adapted
// model; on plain images, which are closer to what the model is asked later,
// they give a better one.
func TestACalibratedFoldedExportAdaptsLikeTheUnfoldedOne(t *testing.T) {
	const rows, noise = 1000, "gaussian_noise_5.npy"
	folded := imported(t, "models", "resnet20_bn_folded.onnx")
	trained := calibratedOn(t, folded, trainingImages(t, 1000))
	require.Len(t, trained.Norms, 20, "19 convolutions and the head")
	want := batchErrors(t, imported(t, "models", "resnet20.onnx"), rows, noise)
	asTrained := batchErrors(t, trained, rows, noise)
	plain := batchErrors(t, calibratedOn(t, folded, images(t, 600, "cifar10c", "calibration_clean.npy")), rows, noise)
	t.Logf("error on %d noisy images, batch statistics: unfolded %.2f %%; folded and calibrated on training crops %.2f %%, on plain images %.2f %%",
		rows, want, asTrained, plain)
	assert.InDelta(t, want, asTrained, 0.5)
	assert.Less(t, plain, want+0.5)
}

func TestACalibratedFoldedExportKeepsItsSourceBits(t *testing.T) {
	g := imported(t, "models", "resnet20_bn_folded.onnx")
	in := []*accel.Tensor{images(t, 20, "cifar10c", "clean.npy")}
	cal := calibratedOn(t, g, images(t, 200, "cifar10c", "calibration_clean.npy"))
	want, err := onCPU(t, g, 20).Forward(t.Context(), in, 20, nil, models.Keep{Features: true})
	require.NoError(t, err)
	got, err := onCPU(t, cal, 20).Forward(t.Context(), in, 20, nil, models.Keep{Features: true})
	require.NoError(t, err)
	assert.Equal(t, want.Logits.Data, got.Logits.Data)
	assert.Equal(t, want.Features.Data, got.Features.Data)
}
