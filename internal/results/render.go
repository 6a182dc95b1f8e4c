package main

import (
	"context"
	"fmt"
	"strings"
)

// writeStreams measures and writes the main tables.
func writeStreams(ctx context.Context, r *runner, p plan, b *strings.Builder) error {
	tables, err := r.streams(ctx, p)
	if err != nil {
		return err
	}
	b.WriteString(streamsHead)
	for _, pl := range pipelines() {
		fmt.Fprintf(b, "- `%s`: `%s`\n", pl.name, pl.strategies)
	}
	b.WriteString("\n### Mean over corruptions\n\n")
	writeSummary(b, tables, pipelines())
	for _, t := range tables {
		fmt.Fprintf(b, "\n### %s, batch %d\n\n%s.\n\n", t.title, t.batch, upperFirst(t.about))
		writeTable(b, t, pipelines())
	}
	return nil
}

func writeSummary(b *strings.Builder, tables []table, columns []pipeline) {
	header(b, columns, "order", "batch")
	for _, t := range tables {
		fmt.Fprintf(b, "| %s | %d |", t.title, t.batch)
		writeCells(b, columns, mean(t.rows))
	}
}

func writeTable(b *strings.Builder, t table, columns []pipeline) {
	header(b, columns, "stream", "rows")
	for _, r := range t.rows {
		fmt.Fprintf(b, "| %s | %d |", r.stream, r.count)
		writeCells(b, columns, r.error)
	}
}

func header(b *strings.Builder, columns []pipeline, names ...string) {
	for _, p := range columns {
		names = append(names, p.name)
	}
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat(" --- |", len(names)))
}

// writeCells writes the errors in column order, the lowest in bold.
func writeCells(b *strings.Builder, columns []pipeline, errors map[string]float64) {
	best := 101.0
	for _, p := range columns {
		best = min(best, errors[p.name])
	}
	for _, p := range columns {
		if v := errors[p.name]; v == best {
			fmt.Fprintf(b, " **%.2f** |", v)
		} else {
			fmt.Fprintf(b, " %.2f |", v)
		}
	}
	b.WriteByte('\n')
}

func mean(rows []tableRow) map[string]float64 {
	m := map[string]float64{}
	for _, r := range rows {
		for name, v := range r.error {
			m[name] += v / float64(len(rows))
		}
	}
	return m
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

const documentHead = `# Measured results

Error in percent, lower is better, and where nothing else is said on CIFAR-10-C at severity 5: 2,000 test images a stream, 200
of each class. Written by ` + "`make results`" + ` from ` + "`ttad replay`" + ` (%s). The data is not part of the repository: CIFAR-10
(Krizhevsky 2009), corruptions of Hendrycks and Dietterich 2019, models of akamaster/pytorch_resnet_cifar10.
`

const streamsHead = `
## Streams

ResNet-20. How to read it: normalization strategies repair corruptions and suffer when a batch holds few classes; LAME is
the reverse. No strategy is right for every stream, which is why none is on by default and every pipeline is scored against the
source. The lowest error of a line is bold. Pipelines:

`
