package tta_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
)

// placed is a registry of strategies called by their place.
func placed() *tta.Registry {
	spec := func(name string, p tta.Place) tta.Spec { return tta.Spec{Name: name, Place: p} }
	return tta.NewRegistry(spec("any", tta.PlaceNone), spec("norm", tta.PlaceNorm), spec("head", tta.PlaceHead), spec("local", tta.PlaceLocal),
		spec("prior", tta.PlacePrior), spec("memory", tta.PlaceMemory), spec("decision", tta.PlaceDecision))
}

func named(name string, strategies ...string) tta.PipelineConfig {
	c := tta.PipelineConfig{Name: name}
	for _, s := range strategies {
		c.Strategies = append(c.Strategies, tta.StrategyConfig{Name: s})
	}
	return c
}

func TestAdviceNamesWhatIsOutOfOrder(t *testing.T) {
	for name, c := range map[string]struct {
		strategies []string
		want       []string
	}{
		"none":                  {nil, nil},
		"all in order":          {[]string{"norm", "head", "local", "prior", "memory", "decision"}, nil},
		"the same place twice":  {[]string{"norm", "norm", "prior"}, nil},
		"what stands anywhere":  {[]string{"memory", "any"}, nil},
		"what nobody knows":     {[]string{"memory", "unheard", "decision"}, nil},
		"the ratio before LAME": {[]string{"prior", "local"}, []string{"local comes behind prior"}},
		"two behind the memory": {[]string{"memory", "local", "prior"}, []string{"local comes behind memory", "prior comes behind memory"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := tta.Advice(placed(), []tta.PipelineConfig{named("tidy", "norm"), named("main", c.strategies...)})
			assert.Len(t, got, len(c.want))
			for i, want := range c.want {
				assert.Equal(t, `pipeline "main": `+want+"; the recommended order is norm rule, head, LAME, prior ratio, error memory, decision", got[i])
			}
		})
	}
}

// head is a corrector that owns the classifier head.
type head struct{ change }

func (*head) Needs() tta.Needs { return tta.Needs{Owns: tta.OwnsHead} }

func TestTheHeadIsOwnedOnceAndBeforeEveryCorrector(t *testing.T) {
	build(t, options(champion(shift{"x", 1}, &head{}, &change{}, decide{0})))
	for want, stages := range map[string][]tta.Strategy{
		"strategies main0 and main1 both own the model's classifier head; keep one of them":                   {&head{}, &head{}},
		"strategy main1 computes probabilities from features anew and would undo main0; move it before main0": {&change{}, &head{}, &change{}},
	} {
		_, err := tta.NewGroup(options(champion(stages...)))
		assert.ErrorContains(t, err, want)
	}
}

func ExampleAdvice() {
	for _, line := range tta.Advice(placed(), []tta.PipelineConfig{named("main", "memory", "prior")}) {
		fmt.Println(line)
	}
	// Output: pipeline "main": prior comes behind memory; the recommended order is norm rule, head, LAME, prior ratio, error memory, decision
}
