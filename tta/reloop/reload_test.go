package reloop_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta/reloop"
)

// A reload carries state by snapshot. What a tag calls hot keeps the memory; what it
// calls warm does not.
func TestTagsSayWhichChangesEmptyTheMemory(t *testing.T) {
	sketch := func(c *reloop.Config) { c.Store = reloop.StoreSketch }
	changes := map[string]struct {
		from func(*reloop.Config) // nil is the default
		to   func(*reloop.Config)
	}{
		"Store":         {nil, sketch},
		"Slots":         {nil, func(c *reloop.Config) { c.Slots++ }},
		"Neighbors":     {nil, func(c *reloop.Config) { c.Neighbors++ }},
		"Temperature":   {nil, func(c *reloop.Config) { c.Temperature *= 2 }},
		"Weight":        {nil, func(c *reloop.Config) { c.Weight = 0.1 }},
		"AdaptWeight":   {nil, func(c *reloop.Config) { c.AdaptWeight = false }},
		"HalfLife":      {nil, func(c *reloop.Config) { c.HalfLife *= 2 }},
		"Gamma":         {nil, func(c *reloop.Config) { c.Gamma = 0.5 }},
		"PriorCount":    {nil, func(c *reloop.Config) { c.PriorCount = 5 }},
		"KeyDims":       {nil, func(c *reloop.Config) { c.KeyDims = 1 }},
		"PerClassShare": {nil, func(c *reloop.Config) { c.PerClassShare = 1 }},
		"Hashes":        {sketch, func(c *reloop.Config) { sketch(c); c.Hashes++ }},
		"Bits":          {sketch, func(c *reloop.Config) { sketch(c); c.Bits++ }},
	}
	config := reflect.TypeFor[reloop.Config]()
	for i := range config.NumField() {
		field := config.Field(i)
		t.Run(field.Name, func(t *testing.T) {
			change, listed := changes[field.Name]
			require.True(t, listed, "a new field: say here how to change it")
			before, after := reloop.NewConfig(), reloop.NewConfig()
			if change.from != nil {
				change.from(before)
			}
			change.to(after)
			s := built(t, 2, 2, before)
			learn(t, s, 1, []float32{1, 0}, []float32{0.6, 0.4}, 1)
			state, err := s.Snapshot()
			require.NoError(t, err)
			class := "hot"
			if built(t, 2, 2, after).Restore(state) != nil {
				class = "warm"
			}
			assert.Equal(t, class, field.Tag.Get("reload"))
		})
	}
}
