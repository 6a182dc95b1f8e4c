package ttatest

import (
	"embed"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Golden vectors: small arrays computed in float64 by reference implementations
// or numpy; each file and case says which.
//
//go:embed golden/*.json
var golden embed.FS

// Case is one golden case. Its parts are decoded by the test that knows them.
type Case struct {
	Name     string          `json:"name"`
	Params   json.RawMessage `json:"params"`
	Input    json.RawMessage `json:"input"`
	Expected json.RawMessage `json:"expected"`
	Origin   string          `json:"origin"`
}

// Golden returns the cases of a file of golden vectors, such as "lame".
func Golden(t testing.TB, name string) []Case {
	t.Helper()
	text, err := golden.ReadFile("golden/" + name + ".json")
	require.NoError(t, err)
	var file struct {
		Cases []Case `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

// Decode reads the parts of a case; nil parts are left out.
func (c Case) Decode(t testing.TB, params, input, expected any) {
	t.Helper()
	for _, part := range []struct {
		text json.RawMessage
		into any
	}{{c.Params, params}, {c.Input, input}, {c.Expected, expected}} {
		if part.into != nil {
			require.NoError(t, json.Unmarshal(part.text, part.into), "case %s", c.Name)
		}
	}
}

// Array is a nested list of numbers, flattened in row-major order.
type Array struct {
	Shape []int
	Data  []float64
}

// UnmarshalJSON reads nested lists of equal lengths.
func (a *Array) UnmarshalJSON(text []byte) error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*a = Array{}
	return a.take(v, 0)
}

func (a *Array) take(v any, depth int) error {
	switch v := v.(type) {
	case float64:
		a.Data = append(a.Data, v)
		return nil
	case []any:
		if len(a.Shape) == depth {
			a.Shape = append(a.Shape, len(v))
		}
		if a.Shape[depth] != len(v) {
			return fmt.Errorf("list of %d at depth %d, want %d", len(v), depth, a.Shape[depth])
		}
		for _, e := range v {
			if err := a.take(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("%v in an array", v)
	}
}

// Float32 returns the values rounded.
func (a Array) Float32() []float32 {
	out := make([]float32, len(a.Data))
	for i, v := range a.Data {
		out[i] = float32(v)
	}
	return out
}

// NormInput is the input of golden cases that normalize one batch: x is
// [rows channels ...], the rest one value a channel.
type NormInput struct {
	X          Array   `json:"x"`
	SourceMean Array   `json:"source_mean"`
	SourceVar  Array   `json:"source_var"`
	Gamma      Array   `json:"gamma"`
	Beta       Array   `json:"beta"`
	Eps        float64 `json:"eps"`
}
