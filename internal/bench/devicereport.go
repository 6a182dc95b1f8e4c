package main

import (
	"fmt"
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
	if r.device.Kind != "" {
		fmt.Fprintf(&b, measuredText, r.device.Name, r.device.Driver)
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

const measuredText = `
The OpenCL device is %s, %s: PoCL compiles for the processor what is
written for graphics cards. It shows that the kernels are right, not what a card does with them, and loses by far. The answers agree
to 1e-4. What a batch asks of the device is the same for any card: launches of kernels, waits of the host, bytes to the device and
back; the memory holds weights, values and buffers for such batches.

`

const paperText = `
What a card needs at least for a batch of %d, on paper: counted from the launches this program makes of each model, for a card of
%.0f TFLOP/s (float32), %.0f TB/s, %.0f µs a launch and %.0f GB/s from the host, an H100's class. Each step takes as long as its multiplications
and additions, or as the bytes it moves when every operand is touched once; transfers, launches and kernels overlap from batch to
batch, so that the longest of them bounds the speed. **Nothing of it was measured on a card**, and kernels reach a part of either
peak: the bound says what they are up against.

`

func (r *deviceReport) writeMeasured(b *strings.Builder) {
	b.WriteString("| model | batch | engine, rows/s | OpenCL, rows/s | of the engine | launches | waits | up, KiB | down, KiB | memory, MiB |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range r.lines {
		fmt.Fprintf(b, "| %s, %s | %d | %.4g | %.4g | %.2g | %d | %d | %.1f | %.1f | %.0f |\n", c.name, c.mode, c.rows, c.engine, c.card,
			ratio(c.card, c.engine), c.asked.launches, c.asked.syncs, float64(c.asked.up)/1024, float64(c.asked.down)/1024, float64(c.asked.memory)/(1<<20))
	}
}

func (r *deviceReport) writePaper(b *strings.Builder) {
	b.WriteString("| model | GFLOP | moved, MB | launches | waits | to and from the host, MB | arithmetic, ms | traffic, ms | kernels, ms | launches, ms | transfers, ms | rows/s at most | bound by |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range r.lines {
		p := &c.paper
		seconds, bound := p.bound()
		fmt.Fprintf(b, "| %s, %s | %.3g | %.3g | %d | %d | %.3g | %.3g | %.3g | %.3g | %.3g | %.3g | %.3g | %s |\n", c.name, c.mode,
			float64(p.flops)/1e9, float64(p.moved)/1e6, p.launches, p.syncs, float64(p.up+p.down)/1e6,
			1e3*p.arithmetic, 1e3*p.traffic, 1e3*p.kernels, 1e3*p.queue, 1e3*p.transfer, ratio(float64(p.rows), seconds), bound)
	}
}
