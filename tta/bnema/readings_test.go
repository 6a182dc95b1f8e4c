package bnema_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/bnstats"
	"ttad/tta"
	"ttad/tta/bnema"
	"ttad/tta/ttatest"
)

func TestReadingsTellHowFarTheEstimateHasGone(t *testing.T) {
	m, s := build(t, config(func(*bnema.Config) {}))
	assert.Equal(t, []tta.Reading{{Name: "merged_batches", Class: -1}, {Name: "source_distance", Class: -1}}, s.Readings())
	r := rand.New(rand.NewPCG(4, 4))
	for step := range uint64(3) {
		settle(t, m, s, ttatest.RandomBatch(r, step+1, 16))
	}
	node := m.Env("main").Norms[0]
	assert.Equal(t, []tta.Reading{
		{Name: "merged_batches", Class: -1, Value: 3},
		{Name: "source_distance", Class: -1, Value: bnstats.Distance(s.Running()[0], node.Source, float64(node.Eps))},
	}, s.Readings(), "the node on the logits is left alone")
}
