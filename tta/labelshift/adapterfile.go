package labelshift

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"ttad/tta"
)

// AdapterVersion is the version of the file format written and read.
const AdapterVersion = 1

// adapterFile is an Adapter as JSON; weights are little-endian float32 in base64.
type adapterFile struct {
	Version     int       `json:"version"`
	Model       string    `json:"model"`
	Classes     int       `json:"classes"`
	Features    int       `json:"features"`
	Outputs     string    `json:"outputs"`
	Input       string    `json:"input"`
	Tau         float64   `json:"tau"`
	SourcePrior []float64 `json:"source_prior"`
	W1          weights   `json:"w1"`
	B1          weights   `json:"b1"`
	W2          weights   `json:"w2"`
	B2          weights   `json:"b2"`
	Head        weights   `json:"head,omitempty"`
}

// weights is an array in a file.
type weights []float32

// MarshalJSON writes base64.
func (w weights) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*len(w))
	for _, v := range w {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return json.Marshal(raw)
}

// UnmarshalJSON reads base64.
func (w *weights) UnmarshalJSON(text []byte) error {
	var raw []byte
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("%d bytes are no float32 values", len(raw))
	}
	*w = make(weights, len(raw)/4)
	for i := range *w {
		(*w)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

// Encode writes the adapter as a file.
func (a *Adapter) Encode() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("encode adapter: %w", err)
	}
	data, err := json.Marshal(adapterFile{
		Version: AdapterVersion, Model: a.Model, Classes: a.Classes, Features: a.Features, Outputs: a.Outputs, Input: a.Input,
		Tau: a.Tau, SourcePrior: a.SourcePrior, W1: a.W1, B1: a.B1, W2: a.W2, B2: a.B2, Head: a.Head,
	})
	if err != nil {
		return nil, fmt.Errorf("encode adapter: %w", err)
	}
	return append(data, '\n'), nil
}

// ParseAdapter reads an adapter file. It is strict: unknown fields, text after the
// object, another version, and sizes that do not fit together are errors.
func ParseAdapter(data []byte) (*Adapter, error) {
	var f adapterFile
	if err := decodeStrictly(data, &f); err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	if f.Version != AdapterVersion {
		return nil, fmt.Errorf("read adapter: version %d, this program reads version %d: train it again with \"ttad fit labelshift\"", f.Version, AdapterVersion)
	}
	a := &Adapter{
		Model: f.Model, Classes: f.Classes, Features: f.Features, Outputs: f.Outputs, Input: f.Input,
		Tau: f.Tau, SourcePrior: f.SourcePrior, W1: f.W1, B1: f.B1, W2: f.W2, B2: f.B2, Head: f.Head,
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	return a, nil
}

// openAdapter reads the file a configuration names and holds it to the model.
func openAdapter(env tta.Env, name string) (*Adapter, error) {
	data, err := readFile(env.Dir, name)
	if err != nil {
		return nil, fmt.Errorf("adapter: %w", err)
	}
	a, err := ParseAdapter(data)
	if err != nil {
		return nil, fmt.Errorf("adapter %s: %w", name, err)
	}
	if err := sameModel(env, "adapter "+name, a.Model, a.Classes); err != nil {
		return nil, err
	}
	if a.Outputs != OutputsBias && env.FeatureWidth != a.Features {
		return nil, fmt.Errorf("adapter %s is for %d features, the model has %d: name the input of the classifier head in model.features", name, a.Features, env.FeatureWidth)
	}
	return a, nil
}
