package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ttad/tta"
)

// runner calls the ttad binary as a user would.
type runner struct{ data, work, bin string }

// table is the error in percent by stream and pipeline.
type table struct {
	title, about string
	batch        int
	rows         []tableRow
}

type tableRow struct {
	stream string
	count  int
	error  map[string]float64
}

// report is what 'ttad replay --json' prints, as far as it is needed here.
type report struct {
	Rows      int        `json:"rows"`
	Learned   int        `json:"labels_learned"`
	Pipelines []measured `json:"pipelines"`
}

// measured is one pipeline of a report. Advantage is nil for the source.
type measured struct {
	Name      string        `json:"name"`
	Error     float64       `json:"error"`
	Brier     float64       `json:"brier"`
	NLL       float64       `json:"nll"`
	ECE       float64       `json:"ece"`
	AUC       float64       `json:"auc"` // of two classes
	Advantage *tta.Interval `json:"advantage"`
}

// setup is a model, its pipelines and a batch size.
type setup struct {
	name, model, calibration string
	pipelines                []pipeline
	batch                    int
	tabular                  bool // rows as they are, not images
}

// streams runs every corruption in every order.
func (r *runner) streams(ctx context.Context, p plan) ([]table, error) {
	var tables []table
	for _, batch := range p.batches {
		cfg, err := r.writeConfig(setup{name: "resnet20", model: "resnet20.onnx", pipelines: pipelines(), batch: batch})
		if err != nil {
			return nil, err
		}
		for _, o := range p.orders {
			t, err := r.table(ctx, cfg, p, o)
			if err != nil {
				return nil, err
			}
			t.batch = batch
			tables = append(tables, t)
		}
		if p.continual {
			row, err := r.replay(ctx, cfg, "all, one after another", p.corruptions, "")
			if err != nil {
				return nil, err
			}
			tables = append(tables, table{title: "continual", about: "every stream above in turn, state carried across", batch: batch, rows: []tableRow{row}})
		}
	}
	return tables, nil
}

// table runs every corruption in one order.
func (r *runner) table(ctx context.Context, cfg string, p plan, o order, more ...string) (table, error) {
	t := table{title: o.name, about: o.about}
	for _, c := range p.corruptions {
		row, err := r.replay(ctx, cfg, c, []string{c}, o.file, more...)
		if err != nil {
			return t, err
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// replay runs one stream: the named files joined, in the given order, with more
// flags.
func (r *runner) replay(ctx context.Context, cfg, stream string, files []string, order string, more ...string) (tableRow, error) {
	args := slices.Clone(more)
	for _, f := range files {
		args = append(args, "--inputs", r.cifar(f+".npy"), "--labels", r.cifar("labels.npy"))
	}
	if order != "" {
		args = append(args, "--order", r.cifar(order))
	}
	rep, err := r.run(ctx, cfg, args...)
	if err != nil {
		return tableRow{}, err
	}
	row := tableRow{stream: stream, count: rep.Rows, error: map[string]float64{}}
	for _, p := range rep.Pipelines {
		row.error[p.Name] = 100 * p.Error
	}
	fmt.Fprintf(os.Stderr, "%-24s %-28s source %5.2f\n", stream, order, row.error["source"])
	return row, nil
}

// run calls 'ttad replay' and reads its report.
func (r *runner) run(ctx context.Context, cfg string, args ...string) (*report, error) {
	args = append([]string{"replay", cfg, "--json"}, args...)
	cmd := exec.CommandContext(ctx, r.bin, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ttad %s: %w", strings.Join(args, " "), err)
	}
	var rep report
	if err := json.Unmarshal(out, &rep); err != nil {
		return nil, fmt.Errorf("read the report of ttad %s: %w", strings.Join(args, " "), err)
	}
	return &rep, nil
}

func (r *runner) cifar(name string) string { return filepath.Join(r.data, "cifar10c", name) }

func (r *runner) writeConfig(s setup) (string, error) {
	var b strings.Builder
	input := imagesInput
	if s.tabular {
		input = ""
	}
	fmt.Fprintf(&b, configHead, r.model(s.model), s.calibration, input, s.batch)
	for i, p := range s.pipelines {
		role := "shadow"
		if i == 0 {
			role = "champion"
		}
		fmt.Fprintf(&b, "      - {name: %s, role: %s, strategies: %s}\n", p.name, role, p.strategies)
	}
	path := filepath.Join(r.work, fmt.Sprintf("%s-%d.yaml", s.name, s.batch))
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return "", fmt.Errorf("write a configuration: %w", err)
	}
	return path, nil
}

func (r *runner) model(name string) string { return filepath.Join(r.data, "models", name) }

const configHead = `version: 1
bus: {servers: ["nats://127.0.0.1:4222"]}
groups:
  recorded:
    model: {file: %q, calibration: %q}
%s    batch: {max_rows: %d}
    pipelines:
`

// imagesInput is how bytes become what the CIFAR models want.
const imagesInput = `    input: {layout: nhwc, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
`
