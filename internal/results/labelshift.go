package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// labelsLate is how many rows late the labels of the label shift tables are. The
// shortest of their streams has 496 rows.
const labelsLate = 64

// shiftPipelines are the parts and their combinations, without labels but for the
// last; adapter is a fitted file, and halfLife that of the estimates.
func shiftPipelines(adapter string, halfLife int) []pipeline {
	const norm, near, memory = "alphabn: {source_weight: 0.5}", "lame: {affinity: knn}", "reloop: {}"
	estimate := fmt.Sprintf("half_life: %d", halfLife)
	ratio := fmt.Sprintf("labelshift: {%s, use_labels: false}", estimate)
	head := fmt.Sprintf("labelshift: {mode: adapter, adapter: %q, %s, use_labels: false}", adapter, estimate)
	return []pipeline{
		{"source", "[source]"},
		{"alphabn", list(norm)},
		{"ratio", list(ratio)},
		{"adapter", list(head)},
		{"alphabn-ratio", list(norm, ratio)},
		{"alphabn-adapter", list(norm, head)},
		{"alphabn-lame", list(norm, near)},
		{"alphabn-lame-ratio", list(norm, near, ratio)},
		{"all-four", list(norm, near, "labelshift: {"+estimate+"}", memory)},
	}
}

// list is a YAML list of strategies.
func list(strategies ...string) string { return "[" + strings.Join(strategies, ", ") + "]" }

// combinations are the pipelines with what they are made of.
func combinations() map[string][]string {
	return map[string][]string{
		"alphabn-ratio": {"alphabn", "ratio"}, "alphabn-adapter": {"alphabn", "adapter"},
		"alphabn-lame-ratio": {"alphabn-ratio", "alphabn-lame"}, "all-four": {"alphabn-lame-ratio"},
	}
}

// writeShift measures streams whose classes are not equally frequent.
func writeShift(ctx context.Context, r *runner, p plan, b *strings.Builder) error {
	adapter, err := r.fitAdapter(ctx)
	if err != nil {
		return err
	}
	columns := shiftPipelines(adapter, 1000)
	tables, err := r.shifted(ctx, p, "shift", columns, p.shifted)
	if err != nil {
		return err
	}
	// One more, for the order whose classes change faster than the default forgets.
	quick, err := r.shifted(ctx, p, "shift-quick", shiftPipelines(adapter, 64), p.shifted[:1])
	if err != nil {
		return err
	}
	for _, t := range quick {
		t.title += ", half-life 64"
		tables = append(tables, t)
	}
	fmt.Fprintf(b, shiftHead, labelsLate)
	for _, c := range columns {
		fmt.Fprintf(b, "- `%s`: `%s`\n", c.name, strings.ReplaceAll(c.strategies, adapter, filepath.Base(adapter)))
	}
	b.WriteString("\n### Mean over corruptions, label shift\n\n")
	writeSummary(b, tables, columns)
	b.WriteString(shiftLosses)
	writeLosses(b, tables, columns)
	b.WriteString(shiftWhy)
	for _, t := range tables {
		fmt.Fprintf(b, "\n### Label shift, %s\n\n%s.\n\n", t.title, upperFirst(t.about))
		writeTable(b, t, columns)
	}
	return nil
}

// shifted runs every corruption in the given orders, in batches of 64.
func (r *runner) shifted(ctx context.Context, p plan, name string, columns []pipeline, orders []order) ([]table, error) {
	cfg, err := r.writeConfig(setup{name: name, model: "resnet20.onnx", pipelines: columns, batch: 64})
	if err != nil {
		return nil, err
	}
	var tables []table
	for _, o := range orders {
		t, err := r.table(ctx, cfg, p, o, "--label-delay", fmt.Sprint(labelsLate))
		if err != nil {
			return nil, err
		}
		t.batch = 64
		tables = append(tables, t)
	}
	return tables, nil
}

// writeLosses lists where a combination has a higher mean error than one of its
// parts, as far as the tables show it.
func writeLosses(b *strings.Builder, tables []table, columns []pipeline) {
	nowhere := true
	for _, t := range tables {
		means := mean(t.rows)
		for _, c := range columns {
			for _, part := range combinations()[c.name] {
				if math.Round(100*means[c.name]) > math.Round(100*means[part]) {
					fmt.Fprintf(b, "- %s: `%s` %.2f, `%s` %.2f\n", t.title, c.name, means[c.name], part, means[part])
					nowhere = false
				}
			}
		}
	}
	if nowhere {
		b.WriteString("- nowhere\n")
	}
}

// fitAdapter trains the adapter on source rows, as its users do.
func (r *runner) fitAdapter(ctx context.Context) (string, error) {
	out := filepath.Join(r.work, "adapter.json")
	cached := filepath.Join(r.data, "cifar10-source", "train_features_resnet20.npz")
	cmd := exec.CommandContext(ctx, r.bin, "fit", "labelshift", "--model", r.model("resnet20.onnx"),
		"--cached-logits", cached+":logits", "--cached-features", cached+":features", "--labels", cached+":labels", "-o", out)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ttad fit labelshift: %w", err)
	}
	return out, nil
}
