package models_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
	"ttad/internal/testkit"
	"ttad/models"
)

// inBatches cuts rows into batches of the given sizes.
func inBatches(x *accel.Tensor, sizes ...int) models.Next {
	at := 0
	return func() ([]*accel.Tensor, int, error) {
		if len(sizes) == 0 {
			return nil, 0, io.EOF
		}
		n := sizes[0]
		sizes = sizes[1:]
		part := accel.TensorOf(x.Data[at*x.RowLen():(at+n)*x.RowLen()], append([]int{n}, x.Shape[1:]...)...)
		at += n
		return []*accel.Tensor{part}, n, nil
	}
}

func calibrate(t *testing.T, g *models.Graph, next models.Next) *models.Calibration {
	t.Helper()
	d := &oracle{}
	c, err := models.Calibrate(t.Context(), g, []accel.Device{d}, 16, next)
	require.NoError(t, err)
	require.NoError(t, d.Close(), "calibration closes what it opened")
	return c
}

func TestCalibrationDoesNotDependOnHowRowsAreBatched(t *testing.T) {
	g := smallCNN(t, false)
	x := batch(20, 16)[0]
	whole := calibrate(t, g, inBatches(x, 16))
	parts := calibrate(t, g, inBatches(x, 7, 1, 8))
	require.Len(t, whole.Nodes, 2, "the convolution and the head")
	assert.Equal(t, "conv", whole.Nodes[0].Node)
	assert.Equal(t, 16.*16, whole.Nodes[0].Count)
	assert.Equal(t, 16, parts.Rows)
	for i, n := range whole.Nodes {
		testkit.Close(t, n.Node+" mean", parts.Nodes[i].Mean, n.Mean, 1e-6)
		testkit.Close(t, n.Node+" variance", parts.Nodes[i].Var, n.Var, 1e-5)
	}
}

func TestACalibratedModelIsTheSameInSourceMode(t *testing.T) {
	g := smallCNN(t, false)
	cal, err := g.WithCalibration(calibrate(t, g, inBatches(batch(20, 16)[0], 16)))
	require.NoError(t, err)
	require.NoError(t, cal.Program.Check())
	require.Len(t, cal.Norms, 2)
	assert.True(t, cal.Norms[0].Virtual)
	assert.False(t, cal.Norms[0].FeedsLogits)
	assert.True(t, cal.Norms[1].FeedsLogits, "the head's norm is on the logits")
	assert.Empty(t, g.Norms, "the graph itself is not changed")

	in := batch(5, 6)
	want, err := plain.Run(g.Program, in, 6, nil)
	require.NoError(t, err)
	got, err := plain.Run(cal.Program, in, 6, nil)
	require.NoError(t, err)
	assert.Equal(t, want.Outputs[0].Data, got.Outputs[0].Data)
	assert.Equal(t, want.Outputs[1].Data, got.Outputs[1].Data)
}

// A folded norm is an affine map per channel, so re-standardizing its result
// to source moments is what re-standardizing its operand would have done.
func TestACalibratedModelAdaptsAsTheUnfoldedOneDoes(t *testing.T) {
	unfolded, folded := smallCNN(t, true), foldedCNN(t)
	source := batch(20, 16)[0]
	setSourceMoments(t, unfolded, source)
	cal, err := folded.WithCalibration(calibrate(t, folded, inBatches(source, 16)))
	require.NoError(t, err)

	in := batch(6, 8)
	for i := range in[0].Data {
		in[0].Data[i] = 3*in[0].Data[i] + 1 // shifted
	}
	blend := accel.NormRule{Mode: accel.NormBlend, SourceWeight: 0}
	want, err := plain.Run(unfolded.Program, in, 8, []accel.NormRule{blend})
	require.NoError(t, err)
	got, err := plain.Run(cal.Program, in, 8, []accel.NormRule{blend, {}})
	require.NoError(t, err)
	testkit.Close(t, "adapted logits", got.Outputs[0].Data, want.Outputs[0].Data, 1e-3)
}

func TestCalibrationSurvivesItsFile(t *testing.T) {
	c := calibrate(t, smallCNN(t, false), inBatches(batch(20, 4)[0], 4))
	data, err := c.Encode()
	require.NoError(t, err)
	again, err := models.ParseCalibration(data)
	require.NoError(t, err)
	assert.Equal(t, c, again)
}

func TestCalibrationOfAnotherModelIsRefused(t *testing.T) {
	g := smallCNN(t, false)
	c := calibrate(t, g, inBatches(batch(20, 4)[0], 4))
	other := *c
	other.Model = "0123456789ab"
	_, err := g.WithCalibration(&other)
	require.EqualError(t, err, "calibration was recorded on model 0123456789ab, small.onnx is model "+g.Digest+
		`: record it again with "ttad model calibrate"`)
	fewer := *c
	fewer.Nodes = slices.Clone(c.Nodes[:1])
	_, err = g.WithCalibration(&fewer)
	require.ErrorContains(t, err, `has no moments of 4 channels for node "fc"`)
}

func TestCalibrateStopsWhereRowsCannotBeRead(t *testing.T) {
	g := smallCNN(t, false)
	broken := errors.New("disk on fire")
	_, err := models.Calibrate(t.Context(), g, []accel.Device{&oracle{}}, 4, func() ([]*accel.Tensor, int, error) { return nil, 0, broken })
	require.ErrorIs(t, err, broken)
	_, err = models.Calibrate(t.Context(), g, []accel.Device{&oracle{}}, 4, inBatches(nil))
	require.EqualError(t, err, "calibrate small.onnx: there are no source rows")
}

func TestParseCalibrationIsStrict(t *testing.T) {
	good := `{"version":1,"model":"ab","rows":2,"nodes":[{"node":"c","value":"v","count":2,"mean":[1],"var":[0]}]}`
	_, err := models.ParseCalibration([]byte(good))
	require.NoError(t, err)
	tests := []struct{ name, text, says string }{
		{"not JSON", `moments`, "invalid character"},
		{"unknown field", `{"version":1,"colour":"red"}`, `unknown field "colour"`},
		{"another version", `{"version":2}`, "version 2, this program reads version 1"},
		{"no model", `{"version":1}`, "no model is named"},
		{"nothing in it", `{"version":1,"model":"ab"}`, "nothing was recorded"},
		{"text behind", good + `{}`, "more text after the object"},
		{"negative variance", `{"version":1,"model":"ab","rows":2,"nodes":[{"node":"c","value":"v","count":2,"mean":[1],"var":[-1]}]}`, "channel 0 has mean 1 and variance -1"},
		{"a list too short", `{"version":1,"model":"ab","rows":2,"nodes":[{"node":"c","value":"v","count":2,"mean":[1,2],"var":[1]}]}`, "2 means and 1 variances"},
		{"no count", `{"version":1,"model":"ab","rows":2,"nodes":[{"node":"c","value":"v","mean":[1],"var":[1]}]}`, "0 values per channel"},
		{"a node twice", `{"version":1,"model":"ab","rows":2,"nodes":[{"value":"v","count":1,"mean":[1],"var":[1]},{"value":"v","count":1,"mean":[1],"var":[1]}]}`, "there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := models.ParseCalibration([]byte(tt.text))
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func FuzzParseCalibration(f *testing.F) {
	f.Add([]byte(`{"version":1,"model":"ab","rows":2,"nodes":[{"node":"c","value":"v","count":2,"mean":[1],"var":[0]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := models.ParseCalibration(data)
		if err != nil {
			return
		}
		text, err := c.Encode()
		require.NoError(t, err)
		again, err := models.ParseCalibration(text)
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}
