package main

import (
	"context"
	"fmt"
	"strings"
)

// writeTabular measures recorded tables in time order, batches of 64.
func writeTabular(ctx context.Context, r *runner, _ plan, b *strings.Builder) error {
	b.WriteString(tabularHead)
	columns := []pipeline{
		{"source", "[source]"},
		{"alphabn09", "[alphabn: {source_weight: 0.9}]"},
		{"bnema001", "[bnema: {momentum: 0.01}]"},
		{"lame", "[lame]"},
	}
	for _, t := range recordedTables() {
		cfg, err := r.writeConfig(setup{name: t.name, model: t.model(), pipelines: columns, batch: 64, tabular: true})
		if err != nil {
			return err
		}
		rep, err := r.run(ctx, cfg, t.inputs(r)...)
		if err != nil {
			return err
		}
		for _, p := range rep.Pipelines {
			fmt.Fprintf(b, "| %s | %d | %s | %.2f | %.4f | %.4f | %.4f |\n", t.name, rep.Rows, p.Name, 100*p.Error, p.Brier, p.NLL, p.ECE)
		}
	}
	return nil
}

const tabularHead = `
## Tables

Two recorded tables in time order, batches of 64, all rows: elec2 (New South Wales electricity, Harries 1999; the model was
trained on the first 13,584 of them) and bank (marketing calls, Moro et al. 2014; trained on the first 18,822). Frozen MLPs with
BatchNormalization. On elec2 the inputs drift, and following them helps; on bank the share of positives moves, which statistics
of the inputs do not tell.

| table | rows | pipeline | error % | brier | nll | ece |
| --- | --- | --- | --- | --- | --- | --- |
`
