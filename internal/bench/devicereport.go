package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ttad/accel"
)

const devicesTitle = "Devices beside the processor"

// deviceReport is a comparison and what came of it.
type deviceReport struct {
	options deviceOptions
	start   time.Time
	load    string
	device  accel.Info // of OpenCL; empty where there is none
	lines   []compared
	notes   []string
}

// markdown writes the section of the document.
func (r *deviceReport) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", devicesTitle)
	fmt.Fprintf(&b, "Measured on %s by `make bench-devices`: %s;\nload before the start %s. Medians of %d rounds of about %d ms; where a batch takes seconds, of fewer.\n",
		r.start.UTC().Format(time.DateOnly), machine(), r.load, r.options.rounds, r.options.round.Milliseconds())
	if load, err := strconv.ParseFloat(r.load, 64); err == nil && load > 1 {
		b.WriteString(crowdedText)
	}
	if r.device.Kind != "" {
		fmt.Fprintf(&b, measuredText, r.device.Name, r.device.Driver)
		if r.device.Type == "cpu" {
			b.WriteString(processorText)
		}
		r.writeMeasured(&b)
	}
	c := h100
	fmt.Fprintf(&b, paperText, onPaper, c.flops/1e12, c.memory/1e12, c.launch*1e6, c.host/1e9)
	r.writePaper(&b)
	for _, n := range r.notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

const crowdedText = "Other programs ran all the while: counts are exact, speeds are not.\n"

const measuredText = `
The OpenCL device is %s, by %s.
The answers agree to 1e-4. What a batch asks of it is the same for any card: launches of kernels, waits of the host, bytes to the
device and back; the memory holds weights, values and buffers for such batches.

`

const processorText = `It is the processor itself, for which kernels are compiled that are made for graphics cards. It shows that they are right, not what a
card does with them, and loses by far.

`

const paperText = `
What a card needs at least for a batch of %d, on paper: counted from the launches this program makes of each model, for a card of
%.0f TFLOP/s (float32), %.0f TB/s, %.0f µs a launch and %.0f GB/s from the host, an H100's class. Each step takes as long as its multiplications
and additions, or as the bytes it moves when every operand is touched once; transfers, launches and kernels overlap from batch to
batch, so that the longest of them bounds the speed. **Nothing of it was measured on a card**, and kernels reach a part of either
peak: the bound says what they are up against.

`

func (r *deviceReport) writeMeasured(b *strings.Builder) {
	header(b, "model", "batch", "engine, rows/s", "OpenCL, rows/s", "of the engine", "launches", "waits", "up, KiB", "down, KiB", "memory, MiB")
	for _, c := range r.lines {
		a := &c.asked
		fmt.Fprintf(b, "| %s, %s | %d | %s | %s | %s | %d | %d | %s | %s | %s |\n", c.name, c.mode, c.rows,
			figure(c.engine), figure(c.card), figure(ratio(c.card, c.engine)), a.launches, a.syncs,
			figure(float64(a.up)/1024), figure(float64(a.down)/1024), figure(float64(a.memory)/(1<<20)))
	}
}

func (r *deviceReport) writePaper(b *strings.Builder) {
	header(b, "model", "GFLOP", "moved, MB", "launches", "waits", "to and from the host, MB", "arithmetic, ms", "traffic, ms",
		"kernels, ms", "launches, ms", "transfers, ms", "rows/s at most", "bound by")
	for _, c := range r.lines {
		p := &c.paper
		seconds, bound := p.bound()
		fmt.Fprintf(b, "| %s, %s | %s | %s | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", c.name, c.mode,
			figure(float64(p.flops)/1e9), figure(float64(p.moved)/1e6), p.launches, p.syncs, figure(float64(p.up+p.down)/1e6),
			figure(1e3*p.arithmetic), figure(1e3*p.traffic), figure(1e3*p.kernels), figure(1e3*p.queue), figure(1e3*p.transfer),
			figure(ratio(float64(p.rows), seconds)), bound)
	}
}

func header(b *strings.Builder, columns ...string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

// figure is a value to three digits.
func figure(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	if err != nil {
		panic(err) // it was just written
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
