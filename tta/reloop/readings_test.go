package reloop_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
	"ttad/tta/reloop"
)

func readings(r tta.Reader) map[string]float64 {
	out := map[string]float64{}
	for _, v := range r.Readings() {
		out[v.Name] = v.Value
	}
	return out
}

func TestReadingsTellWhatIsRememberedAndTheWeightInForce(t *testing.T) {
	s := built(t, 2, 2, paper(nil))
	learn(t, s, 1, []float32{1, 0}, []float32{0.6, 0.4}, 1)
	assert.Equal(t, map[string]float64{"memory_rows": 1, "weight": reloop.NewConfig().Weight}, readings(s))

	s = built(t, 2, 2, reloop.NewConfig())
	assert.Equal(t, map[string]float64{"memory_rows": 0, "weight": 0, "learned_weight": 0, "label_diversity": 0}, readings(s))
	cfg := reloop.NewConfig()
	cfg.PerClassShare = 1
	s = built(t, 2, 2, cfg)
	for i := range 40 {
		side := i % 2
		learn(t, s, uint64(i), []float32{float32(1 - side), float32(side)}, []float32{0.6, 0.4}, side)
	}
	r := readings(s)
	assert.EqualValues(t, 40, r["memory_rows"])
	assert.InDelta(t, 1, r["learned_weight"], 0.1, "neighbours are always right")
	assert.InDelta(t, 1, r["label_diversity"], 0.1)
	assert.InDelta(t, reloop.NewConfig().Weight*r["label_diversity"], r["weight"], 1e-9)
}
