package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// CalibrationVersion is the version of the file format written and read.
const CalibrationVersion = 1

// Calibration holds source moments of layers that have no BatchNormalization of
// their own, recorded on unlabeled source rows (Calibrate). With it, strategies
// can re-standardize such layers (Graph.WithCalibration).
type Calibration struct {
	Version int              `json:"version"`
	Model   string           `json:"model"` // Graph.Digest of the model it was recorded on
	Rows    int              `json:"rows"`  // source rows seen
	Nodes   []CalibratedNode `json:"nodes"`
}

// CalibratedNode is one convolution or linear layer. Its channels are axis 1 of
// its result.
type CalibratedNode struct {
	Node  string    `json:"node"`  // the node's name in the file, for people
	Value string    `json:"value"` // the result's name, which is distinct
	Count float64   `json:"count"` // values seen per channel
	Mean  []float32 `json:"mean"`
	Var   []float32 `json:"var"` // biased: divided by Count
}

// Encode writes the calibration as a file.
func (c *Calibration) Encode() ([]byte, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode calibration: %w", err)
	}
	return append(data, '\n'), nil
}

// ParseCalibration reads a calibration file. It is strict: unknown fields, text
// after the object, another version, and moments no data could have are errors.
func ParseCalibration(data []byte) (*Calibration, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	c := &Calibration{}
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("read calibration: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read calibration: more text after the object")
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("read calibration: %w", err)
	}
	return c, nil
}

func (c *Calibration) check() error {
	switch {
	case c.Version != CalibrationVersion:
		return fmt.Errorf("version %d, this program reads version %d: record it again with \"ttad model calibrate\"", c.Version, CalibrationVersion)
	case c.Model == "":
		return fmt.Errorf("no model is named")
	case c.Rows < 1 || len(c.Nodes) == 0:
		return fmt.Errorf("%d rows over %d nodes: nothing was recorded", c.Rows, len(c.Nodes))
	}
	seen := map[string]bool{}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if seen[n.Value] {
			return fmt.Errorf("node %q: value %q is there twice", n.Node, n.Value)
		}
		seen[n.Value] = true
		if err := n.check(); err != nil {
			return fmt.Errorf("node %q: %w", n.Node, err)
		}
	}
	return nil
}

func (n *CalibratedNode) check() error {
	if len(n.Mean) == 0 || len(n.Mean) != len(n.Var) {
		return fmt.Errorf("%d means and %d variances", len(n.Mean), len(n.Var))
	}
	if !(n.Count >= 1) || math.IsInf(n.Count, 0) {
		return fmt.Errorf("%v values per channel", n.Count)
	}
	for i := range n.Mean {
		mean, variance := float64(n.Mean[i]), float64(n.Var[i])
		if math.IsNaN(mean) || math.IsInf(mean, 0) || !(variance >= 0) || math.IsInf(variance, 0) {
			return fmt.Errorf("channel %d has mean %v and variance %v", i, n.Mean[i], n.Var[i])
		}
	}
	return nil
}
