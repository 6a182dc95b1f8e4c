// Package chart draws lines over time as SVG: accuracy curves with shaded phases,
// for the demo and for ttad replay.
//
// It is not a plotting library. There is one kind of chart, it writes text that
// any browser shows without fonts or scripts of its own, and it never draws a
// number it was not given: a NaN breaks the line. The SVG is written by hand
// because the usual library brings fonts, PDF and LaTeX with it, which a first
// "go run" would download.
//
// Next: package internal/demo, which draws with it.
package chart
