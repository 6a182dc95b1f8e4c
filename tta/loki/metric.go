package loki

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ttad/tta"
)

// maxFile bounds a distance file; 64 MiB hold some 2,500 by 2,500 distances.
const maxFile = 64 << 20

// readFile reads a distance file of at most rows rows.
func readFile(dir, name string, rows int) ([][]float64, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("distance_file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("distance_file: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("distance_file %s: larger than %d MiB", name, maxFile>>20)
	}
	distance, err := parse(text, rows)
	if err != nil {
		return nil, fmt.Errorf("distance_file %s: %w", name, err)
	}
	return distance, nil
}

// parse reads comma-separated numbers, one line a row, and stops at the first
// line that is wrong or one too many.
func parse(text []byte, rows int) ([][]float64, error) {
	var out [][]float64
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxFile)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if len(out) == rows {
			return nil, fmt.Errorf("line %d: the model has %d classes, so %d rows were expected", n, rows, rows)
		}
		row, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(out) > 0 && len(row) != len(out[0]) {
			return nil, fmt.Errorf("line %d: %d distances; the first row has %d", n, len(row), len(out[0]))
		}
		out = append(out, row)
	}
	return out, lines.Err()
}

func parseLine(line string) ([]float64, error) {
	words := strings.Split(line, ",")
	row := make([]float64, len(words))
	for i, w := range words {
		v, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
		if err != nil {
			return nil, fmt.Errorf("column %d: %q is not a number", i+1, strings.TrimSpace(w))
		}
		row[i] = v
	}
	return row, nil
}

// checkMetric refuses what is no table of distances for a model of k classes.
func checkMetric(d [][]float64, k int) error {
	if len(d) != k || k == 0 {
		return fmt.Errorf("distance has %d rows, the model %d classes; one row a class is needed", len(d), k)
	}
	if len(d[0]) < k {
		return fmt.Errorf("distance has %d columns; the model's %d classes come first, so there must be at least as many", len(d[0]), k)
	}
	for i, row := range d {
		for j, v := range row {
			switch {
			case !(v >= 0) || math.IsInf(v, 0) || v > 1e6:
				return fmt.Errorf("distance of class %d to column %d is %g; distances lie between 0 and 1e6", i, j, v)
			case i == j && v != 0:
				return fmt.Errorf("distance of class %d to itself is %g; columns are ordered with the model's classes first", i, v)
			}
		}
	}
	return nil
}

// labelsOf names the columns. Without names for the model's classes their numbers
// stand in, for a list with gaps would shift the others.
func labelsOf(env tta.Env, extra []string, columns int) ([]string, error) {
	if want := columns - env.Classes; len(extra) != want {
		return nil, fmt.Errorf("classes names %d columns; the distances have %d beyond the model's %d classes", len(extra), want, env.Classes)
	}
	if len(extra) == 0 {
		return nil, nil
	}
	labels := append([]string(nil), env.Labels...)
	for i := len(labels); i < env.Classes; i++ {
		labels = append(labels, strconv.Itoa(i))
	}
	return append(labels, extra...), nil
}
