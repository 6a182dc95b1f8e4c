package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ttad/models"
)

// Limits on files read whole. The format itself stops at 2 GiB.
const (
	maxModelBytes       = 2 << 30
	maxCalibrationBytes = 256 << 20
	maxLabelsBytes      = 16 << 20
)

// Load reads the model a configuration names: the file, checked against its
// digest, imported, calibrated where a calibration is given, and compared with
// the number of classes the user expects. Relative paths are relative to baseDir.
func Load(cfg models.Config, baseDir string) (*models.Graph, error) {
	if cfg.Kind != models.KindONNX {
		return nil, fmt.Errorf("load model: kind %q is not a file to load", cfg.Kind)
	}
	path := within(baseDir, cfg.File)
	data, err := readBounded(path, maxModelBytes)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if err := checkDigest(path, data, cfg.SHA256); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	g, err := Import(filepath.Base(path), data, Options{Logits: cfg.Logits, Features: cfg.Features})
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if cfg.Classes != 0 && cfg.Classes != g.Classes {
		return nil, fmt.Errorf("load model: %s has %d classes, model.classes says %d", path, g.Classes, cfg.Classes)
	}
	if cfg.Calibration == "" {
		return g, nil
	}
	return calibrated(g, within(baseDir, cfg.Calibration))
}

func calibrated(g *models.Graph, path string) (*models.Graph, error) {
	data, err := readBounded(path, maxCalibrationBytes)
	if err != nil {
		return nil, fmt.Errorf("load calibration: %w", err)
	}
	c, err := models.ParseCalibration(data)
	if err != nil {
		return nil, fmt.Errorf("load calibration %s: %w", path, err)
	}
	g, err = g.WithCalibration(c)
	if err != nil {
		return nil, fmt.Errorf("load calibration %s: %w", path, err)
	}
	return g, nil
}

// Labels reads the class names a configuration names, one a line, or returns
// nil where none are. There must be as many as classes; blank lines at the end
// of the file do not count.
func Labels(cfg models.Config, baseDir string, classes int) ([]string, error) {
	if cfg.LabelsFile == "" {
		return nil, nil
	}
	path := within(baseDir, cfg.LabelsFile)
	data, err := readBounded(path, maxLabelsBytes)
	if err != nil {
		return nil, fmt.Errorf("load labels: %w", err)
	}
	text := strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n \t")
	labels := strings.Split(text, "\n")
	if len(labels) != classes {
		return nil, fmt.Errorf("load labels: %s has %d lines, the model has %d classes", path, len(labels), classes)
	}
	for i, l := range labels {
		if labels[i] = strings.TrimSpace(l); labels[i] == "" {
			return nil, fmt.Errorf("load labels: %s: line %d is empty", path, i+1)
		}
	}
	return labels, nil
}

func within(baseDir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(baseDir, path)
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", path, info.Size(), limit)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

// checkDigest compares the file's SHA-256 with the digits that are expected.
func checkDigest(path string, data []byte, want string) error {
	if want == "" {
		return nil
	}
	sum := sha256.Sum256(data)
	got := hex.EncodeToString(sum[:])
	if strings.HasPrefix(got, want) {
		return nil
	}
	return fmt.Errorf("%s has SHA-256 %s, model.sha256 expects %s: put the expected file there, or change model.sha256 if the new model is meant", path, got[:max(12, len(want))], want)
}
