package main

import (
	"fmt"
	"path/filepath"

	"ttad/internal/npyfile"
)

// recordedTable is a table in time order with a model trained on its first rows.
type recordedTable struct {
	name    string
	trained int
}

func recordedTables() []recordedTable { return []recordedTable{{"elec2", 13584}, {"bank", 18822}} }

func (t recordedTable) model() string { return filepath.Join("..", t.name, "model.onnx") }

// inputs are the flags that name the table's files.
func (t recordedTable) inputs(r *runner) []string {
	return []string{"--inputs", filepath.Join(r.data, t.name, "x.npy"), "--labels", filepath.Join(r.data, t.name, "y.npy")}
}

func (t recordedTable) labels(r *runner) ([]int, error) {
	return readLabels(filepath.Join(r.data, t.name, "y.npy"))
}

func readLabels(path string) ([]int, error) {
	a, err := npyfile.Read(path)
	if err != nil {
		return nil, err
	}
	return a.Ints()
}

// ratio is labelshift told how frequent the classes were in training.
func (t recordedTable) ratio(r *runner) (string, error) {
	labels, err := t.labels(r)
	if err != nil {
		return "", err
	}
	ones := 0
	for _, l := range labels[:t.trained] {
		ones += l
	}
	share := float64(ones) / float64(t.trained)
	return fmt.Sprintf("labelshift: {source_prior: [%.4f, %.4f]}", 1-share, share), nil
}
