package demo

import (
	"slices"
	"strings"

	"ttad/configs"
	"ttad/tta"
)

// Party is one whose answers are scored: the source model, which comes first, or
// a pipeline.
type Party struct {
	Name       string   `json:"name"`
	Role       tta.Role `json:"role,omitempty"` // empty for the source model
	Strategies []string `json:"strategies,omitempty"`
}

// parties lists the source model and a configuration's pipelines in its order.
func parties(cfg *configs.File) []Party {
	out := []Party{{Name: tta.SourceName}}
	for _, p := range cfg.Groups[group].Pipelines {
		names := make([]string, len(p.Strategies))
		for i, s := range p.Strategies {
			names[i] = s.Name
		}
		out = append(out, Party{Name: p.Name, Role: p.Role, Strategies: names})
	}
	return out
}

// does says what a party does, for captions.
func (p Party) does() string {
	if len(p.Strategies) == 0 {
		return "the model alone"
	}
	return strings.Join(p.Strategies, " + ")
}

// championOf returns the champion's place among parties.
func championOf(parties []Party) int {
	return slices.IndexFunc(parties, func(p Party) bool { return p.Role == tta.Champion })
}
