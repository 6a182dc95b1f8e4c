package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/chart"
)

func draw(t *testing.T, c chart.Chart) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, chart.Lines(&b, c))
	wellFormed(t, b.String())
	return b.String()
}

func wellFormed(t *testing.T, doc string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err, doc)
	}
}

func TestLinesDrawsWhatItIsGiven(t *testing.T) {
	svg := draw(t, chart.Chart{
		Title: "Accuracy <over> time", XLabel: "rows", YLabel: "accuracy", Percent: true, YMin: 0, YMax: 1,
		Series: []chart.Series{
			{Name: "source", X: []float64{0, 100, 200}, Y: []float64{0.9, 0.1, 0.9}},
			{Name: "corrected & co", X: []float64{0, 100, 200}, Y: []float64{0.9, 0.8, 0.9}},
		},
		Bands: []chart.Band{{From: 0, To: 100, Label: "clean"}, {From: 100, To: 200, Label: "contrast"}},
	})
	for _, want := range []string{"Accuracy &lt;over&gt; time", ">rows<", ">accuracy<", ">100 %<", ">clean<", ">contrast<", ">source<", "corrected &amp; co"} {
		assert.Contains(t, svg, want)
	}
	assert.Equal(t, 2, strings.Count(svg, "<polyline"))
	assert.NotContains(t, svg, ">-0")
	assert.Contains(t, svg, `points="70.0,102.0 475.0,342.0 880.0,102.0"`, "0.9 and 0.1 of an axis from 0 to 1 over 300 pixels")
}

func TestLinesBreaksAtMissingValues(t *testing.T) {
	nan := math.NaN()
	svg := draw(t, chart.Chart{Series: []chart.Series{
		{Name: "a", X: []float64{0, 1, 2, 3, 4, 5}, Y: []float64{1, 2, nan, 3, math.Inf(1), 4}},
	}})
	assert.Equal(t, 1, strings.Count(svg, "<polyline"), "0 to 1")
	assert.Equal(t, 2, strings.Count(svg, "<circle"), "the points at 3 and 5 have no neighbour")
	assert.NotContains(t, svg, "NaN")
}

func TestLinesKeepsNarrowBandsReadable(t *testing.T) {
	c := chart.Chart{
		Series: []chart.Series{{Name: "a", X: []float64{0, 1000}, Y: []float64{0, 1}}},
		Bands:  []chart.Band{{From: 0, To: 30, Label: "gaussian noise"}, {From: 30, To: 32, Label: "sliver"}},
	}
	svg := draw(t, c)
	assert.Contains(t, svg, `rotate(-90`, "upright where the name is wider than its band")
	assert.NotContains(t, svg, ">sliver</text>")
	assert.Contains(t, svg, "<title>sliver</title>")
}

func TestLinesWrapsALongLegend(t *testing.T) {
	c := chart.Chart{}
	for range 12 {
		c.Series = append(c.Series, chart.Series{Name: "a pipeline with a long name", X: []float64{0, 1}, Y: []float64{0, 1}})
	}
	one := draw(t, chart.Chart{Series: c.Series[:1]})
	assert.Contains(t, one, `height="450"`)
	assert.Contains(t, draw(t, c), `height="510"`, "twelve names of 245 pixels take four rows of 20")
}

func TestLinesRefusesWhatHasNoPicture(t *testing.T) {
	for name, tc := range map[string]struct {
		chart chart.Chart
		want  string
	}{
		"no series":      {chart.Chart{Title: "t"}, `draw chart "t": no finite point in any series`},
		"only NaN":       {chart.Chart{Series: []chart.Series{{X: []float64{1}, Y: []float64{math.NaN()}}}}, "no finite point"},
		"uneven columns": {chart.Chart{Series: []chart.Series{{Name: "a", X: []float64{1}}}}, `series "a": 1 x values, 0 y values`},
		"band backwards": {chart.Chart{Series: []chart.Series{{X: []float64{1}, Y: []float64{1}}}, Bands: []chart.Band{{From: 2, To: 1, Label: "b"}}}, `band "b": range 2 to 1`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, chart.Lines(io.Discard, tc.chart), tc.want)
		})
	}
}

func TestLinesReportsTheWriter(t *testing.T) {
	r, w := io.Pipe()
	require.NoError(t, r.Close())
	err := chart.Lines(w, chart.Chart{Title: "t", Series: []chart.Series{{X: []float64{1}, Y: []float64{1}}}})
	assert.ErrorContains(t, err, `write chart "t"`)
}

// Any numbers and names give a well-formed document or an error, never a hang.
func FuzzLines(f *testing.F) {
	f.Add("title", "name", 0.0, 1.0, 0.5, 2.0)
	f.Add("\x00<&", "]]>\"", -1e300, 1e300, 1e-300, 0.0)
	f.Add("", "", 5.0, 5.0, 5.0, 5.0)
	f.Fuzz(func(t *testing.T, title, name string, x0, x1, y0, y1 float64) {
		var b bytes.Buffer
		err := chart.Lines(&b, chart.Chart{Title: title, Percent: true,
			Series: []chart.Series{{Name: name, X: []float64{x0, x1}, Y: []float64{y0, y1}}},
			Bands:  []chart.Band{{From: min(x0, x1), To: max(x0, x1), Label: name}}})
		if err == nil {
			wellFormed(t, b.String())
			if strings.Contains(b.String(), "NaN") && !strings.Contains(title+name, "NaN") {
				t.Fatal("a coordinate is not a number: ", b.String())
			}
		}
	})
}
