package chart_test

import (
	"bytes"
	"fmt"

	"ttad/internal/chart"
)

func ExampleLines() {
	var svg bytes.Buffer
	err := chart.Lines(&svg, chart.Chart{
		Title: "Accuracy", XLabel: "rows", YLabel: "last 200 rows", Percent: true,
		Series: []chart.Series{{Name: "source", X: []float64{0, 200, 400}, Y: []float64{0.9, 0.3, 0.9}}},
		Bands:  []chart.Band{{From: 0, To: 200, Label: "clean"}, {From: 200, To: 400, Label: "fog"}},
	})
	fmt.Println(err, bytes.HasPrefix(svg.Bytes(), []byte("<svg ")))
	// Output: <nil> true
}
