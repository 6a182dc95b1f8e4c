package reloop_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/reloop"
	"ttad/tta/ttatest"
)

// golden is a case of the vectors, with binary and K-class arrays brought to one
// form.
type golden struct {
	keys, base, given [][]float32
	labels            []int
	query             []float32
	want              []float64
	cfg               reloop.Config
}

// read decodes a case; ok is false where it has no prediction or its own
// projections, which are package errmem's affair.
func read(t *testing.T, c ttatest.Case) (g golden, ok bool) {
	var params struct {
		Store       string  `json:"store"`
		TopK        int     `json:"top_k"`
		Temperature float64 `json:"temperature"`
		Weight      float64 `json:"weight"`
		Gamma       float64 `json:"gamma"`
	}
	var in struct {
		Keys      ttatest.Array `json:"keys"`
		Labels    ttatest.Array `json:"labels"`
		Base      ttatest.Array `json:"base"`
		Query     ttatest.Array `json:"query"`
		QueryBase ttatest.Array `json:"query_base"`
	}
	var want struct {
		Prediction ttatest.Array `json:"prediction"`
	}
	c.Decode(t, &params, &in, &want)
	if len(want.Prediction.Data) == 0 || params.Store != reloop.StoreExact {
		return g, false
	}
	g.cfg = *reloop.NewConfig()
	g.cfg.Neighbors, g.cfg.Temperature, g.cfg.Weight, g.cfg.Gamma = params.TopK, params.Temperature, params.Weight, params.Gamma
	g.cfg.AdaptWeight, g.cfg.PerClassShare = false, 1
	g.query = in.Query.Float32()
	for i, l := range in.Labels.Data {
		g.labels = append(g.labels, int(l))
		g.keys = append(g.keys, in.Keys.Float32()[3*i:3*i+3])
	}
	g.want = both(want.Prediction.Data)
	for _, b := range rows(in.Base, len(g.labels)) {
		g.base = append(g.base, narrow(both(b)))
	}
	g.given = [][]float32{narrow(both(in.QueryBase.Data))}
	return g, true
}

// rows cuts an array into n rows.
func rows(a ttatest.Array, n int) [][]float64 {
	var out [][]float64
	for i := range n {
		w := len(a.Data) / n
		out = append(out, a.Data[i*w:(i+1)*w])
	}
	return out
}

// both writes a click probability as a distribution over no click and click.
func both(p []float64) []float64 {
	if len(p) == 1 {
		return []float64{1 - p[0], p[0]}
	}
	return p
}

func narrow(p []float64) []float32 { return ttatest.Array{Data: p}.Float32() }

func TestTheRuleAgreesWithTheGoldenVectors(t *testing.T) {
	seen := 0
	for _, c := range ttatest.Golden(t, "error_memory") {
		g, ok := read(t, c)
		if !ok {
			continue
		}
		seen++
		t.Run(c.Name, func(t *testing.T) {
			classes := len(g.given[0])
			s, err := reloop.New(tta.Env{Classes: classes, FeatureWidth: 3, Model: "golden"}, &g.cfg)
			require.NoError(t, err)
			for i, key := range g.keys {
				learn(t, s, uint64(i), key, g.base[i], g.labels[i])
			}
			z := answer(t, s, g.query, g.given[0])
			testkit.Close(t, "prediction", z, g.want, 1e-6)
		})
	}
	require.Equal(t, 11, seen)
}

// answer corrects one row.
func answer(t testing.TB, s *reloop.Strategy, features, given []float32) []float32 {
	probs := accel.TensorOf(append([]float32{}, given...), 1, len(given))
	out := &models.Output{Features: accel.TensorOf(append([]float32{}, features...), 1, len(features))}
	require.NoError(t, s.Correct(t.Context(), &tta.Batch{Rows: 1}, out, probs))
	return probs.Data
}

// learn answers a row and has its label come at once.
func learn(t testing.TB, s *reloop.Strategy, row uint64, features, given []float32, label int) {
	answer(t, s, features, given)
	kept := make([]float32, s.Needs().Remember)
	s.Remember(0, kept)
	require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: row, Label: label, Revises: -1, Weight: 1, Kept: kept}}))
}
