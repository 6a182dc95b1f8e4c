package labelshift

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

func TestReadingsTellThePriorAndHowFarItIsFromTheSource(t *testing.T) {
	s := build(t, 3, func(c *Config) { c.SourcePrior = []float64{2, 1, 1} })
	assert.Equal(t, []tta.Reading{
		{Name: "prior_shift", Class: -1}, {Name: "prior", Class: 0, Value: 0.5}, {Name: "prior", Class: 1, Value: 0.25}, {Name: "prior", Class: 2, Value: 0.25},
	}, s.Readings())
	copy(s.estimate.now, []float64{0.2, 0.5, 0.3})
	assert.InDelta(t, 0.3, s.Readings()[0].Value, 1e-9, "what class 0 lost, the others have")
	assert.Equal(t, tta.Reading{Name: "prior", Class: 1, Value: 0.5}, s.Readings()[2])
}
