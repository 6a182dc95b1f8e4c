package configs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta"
)

// knobs are parameters of every kind a search can change, and some it cannot.
type knobs struct {
	Weight  *float64 `yaml:"weight" range:"[0,1]" tune:"0,0.5,1"`
	Count   *float64 `yaml:"count" range:"[0,100]"`
	Near    int      `yaml:"near" range:"[1,10]" tune:"1,3"`
	Kind    string   `yaml:"kind" enum:"rbf,knn" tune:"rbf,knn"`
	Exact   bool     `yaml:"exact"`
	Exclude []string `yaml:"exclude"`
}

func (k *knobs) Check(report func(path, message string)) {
	if k.Weight != nil && k.Count != nil {
		report("count", "weight and count say the same; give one of them")
	}
}

func TestTunablesAreTheFieldsThatSaySo(t *testing.T) {
	assert.Equal(t, []configs.Tunable{
		{Name: "weight", Values: []string{"0", "0.5", "1"}}, {Name: "near", Values: []string{"1", "3"}}, {Name: "kind", Values: []string{"rbf", "knn"}},
	}, configs.Tunables(&knobs{}))
	assert.Empty(t, configs.Tunables(nil))
}

func TestATuneTagOutsideTheFieldsRangePanics(t *testing.T) {
	type wrong struct {
		Near int `yaml:"near" range:"[1,10]" tune:"5,11"`
	}
	assert.PanicsWithValue(t, `configs: configs_test.wrong.Near: tune tag "5,11": 11 is out of range: must be from 1 to 10`, func() { configs.Tunables(&wrong{}) })
}

func TestWithSetsACopy(t *testing.T) {
	weight := 0.25
	before := &knobs{Weight: &weight, Near: 5, Kind: "rbf", Exclude: []string{"a"}}
	got, err := configs.With(before, map[string]string{"weight": "0.5", "near": "3", "kind": "knn", "exact": "true"})
	require.NoError(t, err)
	half := 0.5
	assert.Equal(t, &knobs{Weight: &half, Near: 3, Kind: "knn", Exact: true, Exclude: []string{"a"}}, got)
	assert.Equal(t, &knobs{Weight: &weight, Near: 5, Kind: "rbf", Exclude: []string{"a"}}, before)
	assert.Equal(t, 0.25, weight)
}

func TestWithIsAsStrictAsAFile(t *testing.T) {
	weight := 0.25
	tests := []struct {
		name   string
		values map[string]string
		says   string
	}{
		{"another field", map[string]string{"nearest": "3"}, `no parameter "nearest"; there are weight, count, near, kind, exact, exclude`},
		{"out of range", map[string]string{"near": "11"}, "near: 11 is out of range: must be from 1 to 10"},
		{"not a number", map[string]string{"near": "many"}, `near: expected a whole number, got the text "many"`},
		{"another word", map[string]string{"kind": "linear"}, `kind: "linear" is not one of rbf, knn`},
		{"a list", map[string]string{"exclude": "a"}, "exclude: expected a parameter that is a single value"},
		{"nothing", map[string]string{"near": ""}, "near: expected a whole number, got nothing"},
		{"against a rule across fields", map[string]string{"count": "3"}, "count: weight and count say the same; give one of them"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := configs.With(&knobs{Weight: &weight}, tt.values)
			assert.ErrorContains(t, err, tt.says)
		})
	}
	assert.NoError(t, configs.Fits(&knobs{Weight: &weight}, "count", "3"), "another parameter may give way")
	assert.ErrorContains(t, configs.Fits(&knobs{}, "near", "11"), "near: 11 is out of range")
	_, err := configs.With(nil, map[string]string{"near": "1"})
	assert.ErrorContains(t, err, "the strategy has no parameters")
}

// A fragment says what is not standard, and loads to what it was written from.
func TestAFragmentLoadsToTheSamePipeline(t *testing.T) {
	reg := tta.NewRegistry(
		tta.Spec{Name: "source", NewConfig: func() any { return nil }},
		tta.Spec{Name: "knobs", NewConfig: func() any { return &knobs{Near: 5, Kind: "rbf", Exclude: []string{"a"}} }},
	)
	weight := 0.5
	p := tta.PipelineConfig{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{
		{Name: "source"},
		{Name: "knobs", Params: &knobs{Near: 5, Kind: "rbf", Exclude: []string{"a"}}},
		{Name: "knobs", Params: &knobs{Weight: &weight, Near: 5, Kind: "knn", Exclude: []string{"a", "$b"}}},
	}}
	text, err := configs.Fragment(p, reg)
	require.NoError(t, err)
	assert.Equal(t, `- name: main
  role: champion
  strategies:
  - source
  - knobs
  - knobs: {weight: 0.5, kind: knn, exclude: [a, $$b]}
`, text)
	head := "version: 1\nbus: {embedded: {}}\ngroups:\n  g:\n    model: {file: m.onnx}\n    pipelines:\n"
	f, err := configs.Load("f.yaml", []byte(head+"    "+strings.ReplaceAll(text, "\n", "\n    ")), reg, nil)
	require.NoError(t, err, "%s", text)
	assert.Equal(t, []tta.PipelineConfig{p}, f.Groups["g"].Pipelines)
}
