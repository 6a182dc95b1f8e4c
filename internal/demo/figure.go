package demo

import (
	"bytes"
	"fmt"
	"os"

	"ttad/internal/chart"
)

// Figure draws the accuracy curves of a run into an SVG file.
func Figure(path string, s *Score) error {
	c := s.Curves(400)
	pic := chart.Chart{
		Title:  "ttad demo: the model alone, and corrected",
		XLabel: "rows in order of arrival", YLabel: fmt.Sprintf("accuracy, last %d rows", window),
		Percent: true, YMax: 1,
	}
	for i, p := range s.parties {
		pic.Series = append(pic.Series, chart.Series{Name: p.Name + ": " + p.does(), X: c.X, Y: c.Shares[i]})
	}
	from := 0
	for _, p := range s.phases {
		pic.Bands = append(pic.Bands, chart.Band{From: float64(from), To: float64(from + p.Rows), Label: p.Name})
		from += p.Rows
	}
	var svg bytes.Buffer
	if err := chart.Lines(&svg, pic); err != nil {
		return err
	}
	if err := os.WriteFile(path, svg.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write figure: %w", err)
	}
	return nil
}
