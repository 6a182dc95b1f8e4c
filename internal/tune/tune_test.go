package tune

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/internal/replay"
	"ttad/models"
	"ttad/tta"
)

// temper raises probabilities to a power: calibrated ones are best left alone. From
// batch to batch it carries how many rows it has answered, and after Wears of them
// it does nothing any more.
type temper struct {
	temperConfig
	rows int
}

type temperConfig struct {
	Power float64 `yaml:"power" range:"(0,100]" tune:"0.25,0.5,1,2"`
	Idle  int     `yaml:"idle" range:"[0,9]"`
	Wears int     `yaml:"wears" range:"[0,1000000]"`
}

// impossible is a power that no strategy is built with.
const impossible = 13

func temperSpec() tta.Spec {
	return tta.Spec{
		Name:      "temper",
		NewConfig: func() any { return &temperConfig{Power: 1, Wears: 1_000_000} },
		New: func(_ tta.Env, cfg any) (tta.Strategy, error) {
			c := *cfg.(*temperConfig)
			if c.Power == impossible {
				return nil, errors.New("13 brings bad luck")
			}
			return &temper{temperConfig: c}, nil
		},
	}
}

func (*temper) Needs() tta.Needs { return tta.Needs{} }

func (s *temper) Correct(_ context.Context, _ *tta.Batch, _ *models.Output, probs *accel.Tensor) error {
	if s.rows >= s.Wears {
		return nil
	}
	for i := range probs.Rows() {
		row, sum := probs.Row(i), 0.0
		for k, p := range row {
			row[k] = float32(math.Pow(float64(p), s.Power))
			sum += float64(row[k])
		}
		for k := range row {
			row[k] /= float32(sum)
		}
	}
	return nil
}

func (s *temper) Update(_ context.Context, b *tta.Batch, _ *models.Output, _ *accel.Tensor) error {
	s.rows += b.Rows
	return nil
}

func (s *temper) Snapshot() ([]byte, error)  { return json.Marshal(s.rows) }
func (s *temper) Restore(state []byte) error { return json.Unmarshal(state, &s.rows) }
func (s *temper) Reset()                     { s.rows = 0 }

func tempers() *tta.Registry { return tta.NewRegistry(temperSpec()) }

const batch = 20

// stream writes rows whose labels are drawn by the probabilities of their logits,
// or by a coin, and opens a group with one pipeline on them.
func stream(t testing.TB, rows int, coin bool, strategies string) (*daemon.Group, *replay.Data) {
	t.Helper()
	dir, r := t.TempDir(), rand.New(rand.NewPCG(5, 6))
	logits, labels := make([]float32, 0, 2*rows), make([]int, rows)
	for i := range labels {
		odds := r.NormFloat64() * 2
		logits = append(logits, 0, float32(odds))
		chance := 1 / (1 + math.Exp(-odds))
		if coin {
			chance = 0.5
		}
		if r.Float64() < chance {
			labels[i] = 1
		}
	}
	x, y := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	require.NoError(t, npyfile.SaveFloat32(x, []int{rows, 2}, logits))
	require.NoError(t, npyfile.SaveInts(y, labels))
	data, err := replay.Load(replay.Files{Inputs: []string{x}, Labels: []string{y}})
	require.NoError(t, err)
	return open(t, strategies), data
}

func open(t testing.TB, strategies string) *daemon.Group {
	t.Helper()
	cfg, err := configs.Load("t.yaml", []byte(document("[{name: main, role: champion, strategies: "+strategies+"}, {name: other, role: shadow}]")), tempers(), nil)
	require.NoError(t, err)
	g, err := daemon.OpenGroup("g", cfg.Groups["g"], daemon.GroupOptions{Registry: tempers(), Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	return g
}

func document(pipelines string) string {
	return "version: 1\nbus: {embedded: {}}\ngroups:\n  g:\n    model: {kind: outputs, classes: 2}\n    batch: {max_rows: 20}\n    pipelines: " + pipelines + "\n"
}

// options are those of a search that no clock ends.
func options(sets ...string) Options {
	return Options{Registry: tempers(), Sets: sets, Candidates: 64, Budget: time.Hour, Score: Brier, Now: func() time.Time { return time.Time{} }}
}

func run(t testing.TB, g *daemon.Group, d *replay.Data, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), g, d, o)
	require.NoError(t, err)
	return r
}

func TestAPlantedOptimumIsFoundAndLoads(t *testing.T) {
	for _, score := range []Metric{Brier, NLL} {
		t.Run(string(score), func(t *testing.T) {
			g, d := stream(t, 6000, false, "[temper: {power: 4, idle: 3}]")
			o := options()
			o.Score = score
			r := run(t, g, d, o)
			assert.Equal(t, map[string]string{"temper.power": "1"}, r.Winner.Settings)
			assert.Len(t, r.Results, 5)
			assert.True(t, r.BeyondNoise)
			assert.True(t, r.Taken)
			assert.Equal(t, 4200, r.ChosenOn)
			assert.Equal(t, 1800, r.HeldOut)
			assert.InDelta(t, r.InForce-r.Best, r.Gain.Mean, 1e-9)

			text := document("\n      " + strings.ReplaceAll(r.Fragment, "\n", "\n      "))
			cfg, err := configs.Load("best.yaml", []byte(text), tempers(), nil)
			require.NoError(t, err, "%s", text)
			assert.Equal(t, []tta.PipelineConfig{{Name: "main", Role: tta.Champion, Strategies: []tta.StrategyConfig{
				{Name: "temper", Params: &temperConfig{Power: 1, Idle: 3, Wears: 1_000_000}},
			}}}, cfg.Groups["g"].Pipelines)
		})
	}
}

// Of many candidates the same wins as when all run to the end, and most of them
// are done with early.
func TestHalvingFindsWhatTheGridFinds(t *testing.T) {
	power, idle := "temper.power=0.1,0.2,0.3,0.4,0.6,1,1.5,2,3,5", "temper.idle=0,1,2"
	g, d := stream(t, 9000, false, "[temper: {power: 9}]")
	halved := run(t, g, d, options(power, idle))
	require.Len(t, halved.Results, 31)
	last := halved.Results[len(halved.Results)-1].Rows
	assert.Less(t, last, 1000)
	early := 0
	for _, c := range halved.Results {
		if c.Rows == last {
			early++
		}
	}
	assert.Equal(t, 20, early, "two thirds drop out at the first rung")

	g, d = stream(t, 9000, false, "[temper: {power: 9}]")
	grid := run(t, g, d, options(power))
	assert.Equal(t, "1", grid.Winner.Settings["temper.power"])
	assert.Equal(t, "1", halved.Winner.Settings["temper.power"])
	assert.Equal(t, grid.Winner.Score, halved.Winner.Score)
	assert.Equal(t, grid.Gain, halved.Gain)
}

// A candidate that outlasts others goes on with its state: it scores what it
// scores alone.
func TestSurvivorsKeepTheirState(t *testing.T) {
	others := "temper.idle=0,1,2,3,4,5,6,7,8,9"
	g, d := stream(t, 9000, false, "[temper: {power: 9}]")
	crowd := run(t, g, d, options("temper.power=1,8", "temper.wears=2000", others))
	require.Len(t, crowd.Results, 21)
	g, d = stream(t, 9000, false, "[temper: {power: 9}]")
	alone := run(t, g, d, options("temper.power=1", "temper.wears=2000"))
	assert.Equal(t, alone.Winner.Score, crowd.Winner.Score)
	assert.Equal(t, alone.Best, crowd.Best)
}

func TestWhatMakesNoDifferenceLeavesTheSettingsInForce(t *testing.T) {
	g, d := stream(t, 600, false, "[temper]")
	r := run(t, g, d, options("temper.idle=1,2,3"))
	assert.Empty(t, r.Winner.Settings)
	assert.False(t, r.Taken)
	assert.Equal(t, "# groups.g.pipelines: nothing did better than the settings in force, which stay\n- name: main\n  role: champion\n  strategies:\n  - temper\n", r.Fragment)
}

// Labels of a coin make some power win by luck; the rows held out do not confirm it.
func TestAGainWithinNoiseIsNotTaken(t *testing.T) {
	for _, force := range []bool{false, true} {
		g, d := stream(t, 2000, true, "[temper: {power: 0.00001}]")
		o := options("temper.power=0.00002,0.00003,0.01")
		o.Score, o.Force = NLL, force
		r := run(t, g, d, o)
		require.NotEmpty(t, r.Winner.Settings)
		assert.False(t, r.BeyondNoise, "%+v", r.Gain)
		assert.Equal(t, force, r.Taken)
		var text bytes.Buffer
		require.NoError(t, r.WriteText(&text))
		assert.Contains(t, text.String(), "warning: the gain is within noise")
		assert.Equal(t, !force, strings.Contains(r.Fragment, "power: 1e-05"))
	}
}

func TestTheBudgetEndsTheSearchWithTheBestSoFar(t *testing.T) {
	g, d := stream(t, 6000, false, "[temper: {power: 4}]")
	o := options()
	at := time.Time{}
	o.Now = func() time.Time { at = at.Add(time.Minute); return at }
	o.Budget = 30 * time.Minute
	r := run(t, g, d, o)
	assert.True(t, r.Spent)
	assert.Equal(t, 30*batch, r.ChosenOn, "a minute a batch")
	assert.Equal(t, 1800, r.HeldOut, "the comparison is not cut short")
	assert.Equal(t, map[string]string{"temper.power": "1"}, r.Winner.Settings)
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	assert.Contains(t, text.String(), "The budget was spent after 600 of 4200 rows to choose on")
}

func TestCandidatesThatCannotBeBuiltAreLeftOut(t *testing.T) {
	g, d := stream(t, 600, false, "[temper: {power: 4}]")
	r := run(t, g, d, options("temper.power=1,13"))
	assert.Len(t, r.Results, 2)
	assert.Equal(t, map[string]string{"temper.power": "1"}, r.Winner.Settings)

	g, d = stream(t, 600, false, "[temper: {power: 4}]")
	_, err := Run(t.Context(), g, d, options("temper.power=13"))
	assert.ErrorContains(t, err, "no candidate can be built, the last because group g: pipeline \"main-1\": strategy temper: 13 brings bad luck")
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	unlabelled := func(t *testing.T) *replay.Data {
		x := filepath.Join(t.TempDir(), "x.npy")
		require.NoError(t, npyfile.SaveFloat32(x, []int{100, 2}, make([]float32, 200)))
		d, err := replay.Load(replay.Files{Inputs: []string{x}})
		require.NoError(t, err)
		return d
	}
	tests := []struct {
		name   string
		rows   int
		change func(*Options)
		says   string
	}{
		{"no budget", 600, func(o *Options) { o.Budget = 0 }, "a budget of 0s; expected more than 0, such as 5m"},
		{"no candidates", 600, func(o *Options) { o.Candidates = 0 }, "0 candidates; expected at least 1"},
		{"another score", 600, func(o *Options) { o.Score = "auc" }, `no score "auc"; there are brier, error, nll`},
		{"too few rows", 59, func(*Options) {}, "59 rows are too few to choose and to compare: expected at least 3 batches of batch.max_rows, 20"},
		{"no labels", 0, func(*Options) {}, "candidates are compared by labels, and none were given"},
		{"another pipeline", 600, func(o *Options) { o.Pipeline = "mian" }, `group g: no pipeline "mian"; there are [main other]`},
		{"nothing to tune", 600, func(o *Options) { o.Pipeline = "other" }, `group g: pipeline "other": nothing to tune`},
		{"a wrong set", 600, func(o *Options) { o.Sets = []string{"temper.power=0"} }, `group g: "temper.power=0": power: 0 is out of range`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, d := stream(t, max(tt.rows, 1), false, "[temper]")
			if tt.rows == 0 {
				d = unlabelled(t)
			}
			o := options()
			tt.change(&o)
			_, err := Run(t.Context(), g, d, o)
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

func TestACancelledSearchStops(t *testing.T) {
	g, d := stream(t, 600, false, "[temper: {power: 4}]")
	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	o.Progress = func(done, _ int) {
		if done == 5*batch {
			cancel()
		}
	}
	_, err := Run(ctx, g, d, o)
	assert.ErrorIs(t, err, context.Canceled)
}
