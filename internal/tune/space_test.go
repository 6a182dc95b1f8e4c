package tune

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta"
	"ttad/tta/builtin"
)

// pipeline reads a list of strategies as a file has it.
func pipeline(t testing.TB, strategies string) tta.PipelineConfig {
	t.Helper()
	text := "version: 1\nbus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main, strategies: " + strategies + "}]}}"
	cfg, err := configs.Load("t.yaml", []byte(text), builtin.Registry(), nil)
	require.NoError(t, err)
	return cfg.Groups["g"].Pipelines[0]
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestAxesAreWhatStrategiesOfferOrWhatSetsName(t *testing.T) {
	p := pipeline(t, "[alphabn, lame]")
	axes, err := Axes(p, nil)
	require.NoError(t, err)
	require.NotEmpty(t, axes)
	assert.Equal(t, "alphabn.source_weight", axes[0].Name)
	assert.Equal(t, 1, axes[len(axes)-1].Stage, "lame's are there, too")

	axes, err = Axes(p, []string{"lame.neighbors=1,7", "alphabn.combine=blend,pool"})
	require.NoError(t, err)
	assert.Equal(t, []Axis{
		{1, "lame.neighbors", "neighbors", []string{"1", "7"}}, {0, "alphabn.combine", "combine", []string{"blend", "pool"}},
	}, axes)
}

func TestAxesSayWhatIsWrongWithASet(t *testing.T) {
	tests := []struct{ name, strategies, set, says string }{
		{"no value", "[lame]", "lame.neighbors", `"lame.neighbors": expected strategy.parameter=value,value`},
		{"no parameter", "[lame]", "lame=3", "expected strategy.parameter=value,value"},
		{"another strategy", "[alphabn, lame]", "loki.temperature=1", `pipeline "main" has no strategy loki; it has alphabn, lame`},
		{"no strategy at all", "[]", "lame.neighbors=1", "it has no strategies"},
		{"another parameter", "[lame]", "lame.neighbours=3", `no parameter "neighbours"; there are affinity, neighbors`},
		{"out of range", "[lame]", "lame.neighbors=3,0", "neighbors: 0 is out of range"},
		{"an empty value", "[lame]", "lame.neighbors=3,", "neighbors: expected a whole number, got nothing"},
		{"a strategy without parameters", "[source]", "source.weight=1", `no parameter "weight"`},
		{"a strategy twice", "[lame, lame]", "lame.neighbors=3", `pipeline "main" has lame twice, and one name cannot tell them apart`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Axes(pipeline(t, tt.strategies), []string{tt.set})
			assert.ErrorContains(t, err, tt.says)
		})
	}
	_, err := Axes(pipeline(t, "[lame]"), []string{"lame.neighbors=1", "lame.neighbors=3"})
	assert.ErrorContains(t, err, "lame.neighbors is set twice")
	_, err = Axes(pipeline(t, "[source]"), nil)
	assert.ErrorContains(t, err, `pipeline "main": nothing to tune: source offer no parameters`)
}

func TestCandidatesAreTheGridWithTheSettingsInForceFirst(t *testing.T) {
	p := pipeline(t, "[alphabn: {source_weight: 0.5}, lame]")
	axes, err := Axes(p, []string{"alphabn.source_weight=0,0.5", "lame.neighbors=3,5"})
	require.NoError(t, err)
	list, err := candidates(p, axes, 64, builtin.Registry(), random())
	require.NoError(t, err)
	var settings []map[string]string
	for _, c := range list {
		settings = append(settings, c.Settings)
	}
	assert.Equal(t, []map[string]string{
		{},
		{"alphabn.source_weight": "0", "lame.neighbors": "3"},
		{"alphabn.source_weight": "0", "lame.neighbors": "5"},
		{"alphabn.source_weight": "0.5", "lame.neighbors": "3"},
	}, settings, "0.5 and 5 are in force already")
	assert.Equal(t, p, list[0].Config)
}

func TestALargeGridIsDrawnFromWithTheSeed(t *testing.T) {
	p := pipeline(t, "[lame]")
	axes, err := Axes(p, []string{"lame.neighbors=1,2,3,4,6,7,8,9", "lame.max_iterations=10,20,30,40,50,60,70,80"})
	require.NoError(t, err)
	draw := func(r *rand.Rand) []Candidate {
		list, err := candidates(p, axes, 20, builtin.Registry(), r)
		require.NoError(t, err)
		return list
	}
	list := draw(random())
	assert.Len(t, list, 21, "and the settings in force")
	seen := map[string]bool{}
	for _, c := range list {
		text, err := configs.Fragment(c.Config, builtin.Registry())
		require.NoError(t, err)
		assert.False(t, seen[text], "twice: %s", text)
		seen[text] = true
	}
	assert.Equal(t, list, draw(random()))
	assert.NotEqual(t, list, draw(rand.New(rand.NewPCG(3, 4))))
}

func TestChoicesTheRulesRefuseAreLeftOut(t *testing.T) {
	p := pipeline(t, "[alphabn: {pseudo_count: 16}, lame]")
	axes, err := Axes(p, []string{"alphabn.source_weight=0,0.5"})
	require.NoError(t, err)
	_, err = candidates(p, axes, 64, builtin.Registry(), random())
	assert.ErrorContains(t, err, "every choice is refused, the last because pseudo_count: source_weight and pseudo_count both say")

	axes, err = Axes(p, []string{"lame.neighbors=5"})
	require.NoError(t, err)
	_, err = candidates(p, axes, 64, builtin.Registry(), random())
	assert.ErrorContains(t, err, "the only choice is the settings in force")
}
