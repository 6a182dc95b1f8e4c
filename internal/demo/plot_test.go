package demo

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func plain(s string) string { return s }

func TestPlotDrawsCurvesInDots(t *testing.T) {
	p := newPlot(2, 8, 3)
	p.curve(0, []float64{0, 0.5, 1}, []float64{1, 1, 1})
	p.curve(1, []float64{0, 0.4, 1}, []float64{0, 0, 0})
	assert.Equal(t, strings.Join([]string{
		" 100% ┤⠉⠉⠉⠉⠉⠉⠉⠉",
		"  50% ┤        ",
		"   0% ┤⣀⣀⣀⣀⣀⣀⣀⣀",
		"",
	}, "\n"), p.render(plain, plain))
}

func TestPlotJoinsAFallAndLeavesGaps(t *testing.T) {
	p := newPlot(2, 4, 3)
	p.curve(0, []float64{0.5, 0.5}, []float64{1, 0})
	p.curve(1, []float64{0, 0.2, 0.9}, []float64{0.5, math.NaN(), 0.5})
	assert.Equal(t, strings.Join([]string{
		" 100% ┤  ⡇ ",
		"  50% ┤⠄ ⡇⠠",
		"   0% ┤  ⡇ ",
		"",
	}, "\n"), p.render(plain, plain))
}

func TestPlotKeepsValuesOutsideInsideTheFrame(t *testing.T) {
	p := newPlot(2, 4, 3)
	p.curve(0, []float64{-1, 2}, []float64{-3, 7})
	assert.Len(t, strings.Split(p.render(plain, plain), "\n"), 4)
}
