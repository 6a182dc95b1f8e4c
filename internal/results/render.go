package main

import (
	"fmt"
	"strings"
	"time"
)

// render writes the Markdown document.
func render(p plan, tables []table, machine string, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, documentHead, now.UTC().Format("2006-01-02"), machine)
	for _, pl := range pipelines() {
		fmt.Fprintf(&b, "- `%s`: `%s`\n", pl.name, pl.strategies)
	}
	b.WriteString("\n## Mean over streams\n\n")
	writeSummary(&b, tables)
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s, batch %d\n\n%s.\n\n", t.title, t.batch, upperFirst(t.about))
		writeTable(&b, t)
	}
	return b.String()
}

func writeSummary(b *strings.Builder, tables []table) {
	header(b, "order", "batch")
	for _, t := range tables {
		fmt.Fprintf(b, "| %s | %d |", t.title, t.batch)
		writeCells(b, mean(t.rows))
	}
}

func writeTable(b *strings.Builder, t table) {
	header(b, "stream", "rows")
	for _, r := range t.rows {
		fmt.Fprintf(b, "| %s | %d |", r.stream, r.count)
		writeCells(b, r.error)
	}
}

func header(b *strings.Builder, first ...string) {
	columns := first
	for _, p := range pipelines() {
		columns = append(columns, p.name)
	}
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
}

// writeCells writes the errors in column order, the lowest in bold.
func writeCells(b *strings.Builder, errors map[string]float64) {
	best := 101.0
	for _, p := range pipelines() {
		best = min(best, errors[p.name])
	}
	for _, p := range pipelines() {
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

Error in percent (lower is better), ResNet-20 (CIFAR-10, 91.7 %% on the clean test set) on 2,000 test images per stream,
CIFAR-10-C corruptions at severity 5. Written by ` + "`make results`" + ` from ` + "`ttad replay`" + ` on %s (%s). The
data is not part of the repository: CIFAR-10 (Krizhevsky 2009), corruptions of Hendrycks and Dietterich 2019.

How to read it: normalization strategies repair corruptions and suffer when a batch holds few classes; LAME is the
reverse. No strategy is right for every stream, which is why none is on by default and every pipeline is scored
against the source. Pipelines:

`
