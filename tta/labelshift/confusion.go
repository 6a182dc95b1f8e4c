package labelshift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"ttad/tta"
)

// ConfusionVersion is the version of the file format written and read.
const ConfusionVersion = 1

// Confusion says how often the model answers class i on labelled source rows of
// class j: Joint[i][j] is the share of all rows. 'ttad fit confusion' records it.
type Confusion struct {
	Version int         `json:"version"`
	Model   string      `json:"model"` // digest of the model it was recorded on
	Rows    int         `json:"rows"`  // labelled source rows seen
	Joint   [][]float64 `json:"joint"` // [predicted true], sums to 1
}

// Encode writes the matrix as a file.
func (c *Confusion) Encode() ([]byte, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode confusion matrix: %w", err)
	}
	return append(data, '\n'), nil
}

// ParseConfusion reads a confusion file. It is strict: unknown fields, text after
// the object, another version and anything but a square table of shares are errors.
func ParseConfusion(data []byte) (*Confusion, error) {
	c := &Confusion{}
	if err := decodeStrictly(data, c); err != nil {
		return nil, fmt.Errorf("read confusion matrix: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("read confusion matrix: %w", err)
	}
	return c, nil
}

func decodeStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more text after the object")
	}
	return nil
}

func (c *Confusion) check() error {
	if c.Version != ConfusionVersion {
		return fmt.Errorf("version %d, this program reads version %d: record it again with \"ttad fit confusion\"", c.Version, ConfusionVersion)
	}
	if c.Model == "" {
		return errors.New("no model is named")
	}
	total := 0.0
	for i, row := range c.Joint {
		if len(row) != len(c.Joint) {
			return fmt.Errorf("row %d has %d entries of %d classes", i, len(row), len(c.Joint))
		}
		for j, v := range row {
			if !(v >= 0) || v > 1 {
				return fmt.Errorf("the share of class %d answered as %d is %g", j, i, v)
			}
			total += v
		}
	}
	if math.Abs(total-1) > 1e-6 {
		return fmt.Errorf("shares sum to %.6g, not 1", total)
	}
	return nil
}

// openConfusion reads the file a configuration names and holds it to the model.
func openConfusion(env tta.Env, name string) (*Confusion, error) {
	data, err := readFile(env.Dir, name)
	if err != nil {
		return nil, fmt.Errorf("confusion: %w", err)
	}
	c, err := ParseConfusion(data)
	if err != nil {
		return nil, fmt.Errorf("confusion %s: %w", name, err)
	}
	if err := sameModel(env, "confusion "+name, c.Model, len(c.Joint)); err != nil {
		return nil, err
	}
	return c, nil
}

// SourcePrior returns the share of each true class.
func (c *Confusion) SourcePrior() []float64 {
	prior := make([]float64, len(c.Joint))
	for _, row := range c.Joint {
		for j, v := range row {
			prior[j] += v
		}
	}
	return prior
}
