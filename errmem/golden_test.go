package errmem

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenCase is the part of a golden vector this package is about; what the rule
// makes of it is tested in tta/reloop. Binary cases have numbers where the others
// have one value a class.
type goldenCase struct {
	Name   string
	Params struct {
		TopK         int `json:"top_k"`
		Store        string
		Temperature  float64
		Arrays, Bits int
	}
	Input struct {
		Keys        [][]float32
		Labels      []float64
		Base        []json.RawMessage
		Query       []float32
		Projections [][][]float32
	}
	Expected struct {
		Index                 json.RawMessage
		Similarity, Attention []float32
		LabelMean             json.RawMessage `json:"label_mean"`
		BaseMean              json.RawMessage `json:"base_mean"`
		Write                 [][]int         `json:"write_buckets"`
		Buckets               []int           `json:"query_buckets"`
	}
}

func goldenCases(t *testing.T) []goldenCase {
	data, err := os.ReadFile(filepath.Join("..", "tta", "ttatest", "golden", "error_memory.json"))
	require.NoError(t, err)
	var file struct{ Cases []goldenCase }
	require.NoError(t, json.Unmarshal(data, &file))
	require.Len(t, file.Cases, 15)
	return file.Cases
}

// perClass reads one value a class, or a binary case's probability of class 1.
func perClass(t *testing.T, raw json.RawMessage) []float32 {
	var one float32
	if json.Unmarshal(raw, &one) == nil {
		return []float32{1 - one, one}
	}
	var all []float32
	require.NoError(t, json.Unmarshal(raw, &all))
	return all
}

func (c *goldenCase) entries(t *testing.T) []Entry {
	var entries []Entry
	for i, key := range c.Input.Keys {
		e := Entry{Row: uint64(i), Key: key, Base: make([]float32, c.classes(t))}
		if len(c.Input.Labels) > 0 {
			e.Label, e.Base = int(c.Input.Labels[i]), perClass(t, c.Input.Base[i])
		}
		entries = append(entries, e)
	}
	return entries
}

func (c *goldenCase) classes(t *testing.T) int {
	if len(c.Input.Base) == 0 {
		return 3
	}
	return len(perClass(t, c.Input.Base[0]))
}

func TestExactReproducesTheGoldenVectors(t *testing.T) {
	for _, c := range goldenCases(t) {
		if c.Params.Store == "sketch" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			temperature := c.Params.Temperature
			if temperature == 0 {
				temperature = 1 // a case about places and similarities only
			}
			m, err := NewExact(ExactConfig{
				Dim: 3, Classes: c.classes(t), Capacity: 10, Neighbours: c.Params.TopK, Temperature: temperature, Bases: true,
			}, nil)
			require.NoError(t, err)
			for _, e := range c.entries(t) {
				require.True(t, m.Write(e))
			}
			var out Reading
			m.Read(c.Input.Query, 1, &out)
			c.compare(t, &out)
		})
	}
}

// compare checks what the case states; a case without neighbours states nothing
// but that.
func (c *goldenCase) compare(t *testing.T, out *Reading) {
	if len(c.Expected.Similarity) == 0 && c.Name != "k2_equals_binary_clamp" {
		require.Zero(t, out.Support[0])
		require.Equal(t, make([]float32, c.classes(t)), out.LabelMean)
		return
	}
	if c.Expected.Index != nil {
		var index []int32
		require.NoError(t, json.Unmarshal(c.Expected.Index, &index))
		// Two keys as similar by definition can differ in float32's last digit, and
		// change places; exact ties do not.
		require.ElementsMatch(t, index, out.Place[:len(index)])
		if c.Name == "tie_goes_to_lower_index" {
			require.Equal(t, index, out.Place[:len(index)])
		}
		require.EqualValues(t, len(index), out.Support[0])
	}
	near(t, c.Expected.Similarity, out.Similarity)
	near(t, c.Expected.Attention, out.Attention)
	if c.Expected.LabelMean != nil {
		near(t, perClass(t, c.Expected.LabelMean), out.LabelMean)
		near(t, perClass(t, c.Expected.BaseMean), out.BaseMean)
	}
}

// near compares as far as want goes, at what float32 can give.
func near(t *testing.T, want, got []float32) {
	t.Helper()
	for i, w := range want {
		require.InDelta(t, w, got[i], 1e-6, "value %d", i)
	}
}

func TestSketchReproducesTheGoldenVectors(t *testing.T) {
	for _, c := range goldenCases(t) {
		if c.Params.Store != "sketch" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			m, err := NewSketch(SketchConfig{
				Dim: 3, Classes: 3, Arrays: c.Params.Arrays, Bits: c.Params.Bits, Temperature: c.Params.Temperature,
				Decay: 1, DecayEvery: 1, Bases: true,
			})
			require.NoError(t, err)
			m.projections = m.projections[:0]
			for _, array := range c.Input.Projections {
				for _, bit := range array {
					m.projections = append(m.projections, bit...)
				}
			}
			for i, e := range c.entries(t) {
				for r, want := range c.Expected.Write[i] {
					require.Equal(t, want, m.bucket(r, e.Key))
				}
				require.True(t, m.Write(e))
			}
			for r, want := range c.Expected.Buckets {
				require.Equal(t, want, m.bucket(r, c.Input.Query))
			}
			var out Reading
			m.Read(c.Input.Query, 1, &out)
			c.compare(t, &out)
		})
	}
}
