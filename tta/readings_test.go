package tta_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

// teller is a strategy with something to tell.
type teller func() []tta.Reading

func (teller) Needs() tta.Needs { return tta.Needs{} }

func (f teller) Readings() []tta.Reading { return f() }

func TestReadingsAreThoseOfEveryStrategyThatTells(t *testing.T) {
	one := teller(func() []tta.Reading {
		return []tta.Reading{{Name: "rows", Class: -1, Value: 2}, {Name: "prior", Class: 1, Value: 0.5}}
	})
	notNumbers := teller(func() []tta.Reading {
		return []tta.Reading{{Name: "a", Class: -1, Value: math.NaN()}, {Name: "b", Class: -1, Value: math.Inf(-1)}, {Name: "c", Class: -1}}
	})
	broken := teller(func() []tta.Reading { panic("index 3 of 2") })
	g := build(t, options(champion(one, &change{}), pipe{"quiet", tta.Shadow, []tta.Strategy{notNumbers, broken}}))
	assert.Equal(t, []tta.StageReadings{
		{Pipeline: "main", Strategy: "main0", Readings: one()},
		{Pipeline: "quiet", Strategy: "quiet0", Readings: []tta.Reading{{Name: "c", Class: -1}}},
		{Pipeline: "quiet", Strategy: "quiet1", Readings: []tta.Reading{}},
	}, g.Readings())
}

// Names are series of a metric, which must differ.
func TestASecondStrategyOfANameIsToldFromTheFirst(t *testing.T) {
	o := options(champion(teller(func() []tta.Reading { return nil })))
	first := o.Configs[0].Strategies[0]
	o.Configs[0].Strategies = []tta.StrategyConfig{first, first}
	readings := build(t, o).Readings()
	assert.Equal(t, []string{"main0", "main0#2"}, []string{readings[0].Strategy, readings[1].Strategy})
}
