package reloop_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/reloop"
)

// paper is the published rule: a fixed weight, every label let in.
func paper(change func(*reloop.Config)) *reloop.Config {
	c := reloop.NewConfig()
	c.AdaptWeight, c.PerClassShare = false, 1
	if change != nil {
		change(c)
	}
	return c
}

func built(t testing.TB, classes, width int, cfg *reloop.Config) *reloop.Strategy {
	s, err := reloop.New(tta.Env{Classes: classes, FeatureWidth: width, Model: "test"}, cfg)
	require.NoError(t, err)
	return s
}

func TestARowLearnedAloneReturnsItsLabel(t *testing.T) {
	s := built(t, 4, 3, paper(func(c *reloop.Config) { c.Slots, c.Neighbors, c.Weight = 1, 1, 1 }))
	x, q := []float32{0.5, -2, 1}, []float32{0.4, 0.3, 0.2, 0.1}
	learn(t, s, 1, x, q, 3)
	assert.Equal(t, []float32{0, 0, 0, 1}, answer(t, s, x, q))
}

func TestLengthsOfFeaturesDoNotMatter(t *testing.T) {
	q := []float32{0.6, 0.4}
	for _, scale := range []float32{1e-6, 1, 1e6} {
		s := built(t, 2, 2, paper(nil))
		learn(t, s, 1, []float32{scale * 3, scale * 4}, q, 1)
		learn(t, s, 2, []float32{1, 0}, q, 0)
		want := built(t, 2, 2, paper(nil))
		learn(t, want, 1, []float32{3, 4}, q, 1)
		learn(t, want, 2, []float32{1, 0}, q, 0)
		assert.InDeltaSlice(t, answer(t, want, []float32{1, 1}, q), answer(t, s, []float32{scale, scale}, q), 1e-5)
	}
}

func TestNothingToGoByChangesNoBit(t *testing.T) {
	q := []float32{0.1, 0.2, 0.7}
	nan := float32(math.NaN())
	fresh := func() *reloop.Strategy { return built(t, 3, 2, paper(nil)) }
	taught := fresh()
	learn(t, taught, 1, []float32{1, 0}, q, 0)
	mute := built(t, 3, 2, paper(func(c *reloop.Config) { c.Weight = 0 }))
	learn(t, mute, 1, []float32{1, 0}, q, 0)
	unproven := built(t, 3, 2, reloop.NewConfig())
	learn(t, unproven, 1, []float32{1, 0}, q, 0)
	for name, c := range map[string]struct {
		s        *reloop.Strategy
		features []float32
	}{
		"empty memory":                   {fresh(), []float32{1, 0}},
		"a row of zeros":                 {taught, []float32{0, 0}},
		"features that are not numbers":  {taught, []float32{nan, 1}},
		"weight 0":                       {mute, []float32{1, 0}},
		"a weight that is not yet known": {unproven, []float32{1, 0}},
	} {
		assert.Equal(t, q, answer(t, c.s, c.features, q), name)
	}
	assert.NotEqual(t, q, answer(t, taught, []float32{1, 0}, q))
}

func TestRowsThatAreNotNumbersTeachNothing(t *testing.T) {
	nan := float32(math.NaN())
	s := built(t, 2, 2, reloop.NewConfig())
	before, err := s.Snapshot()
	require.NoError(t, err)
	learn(t, s, 1, []float32{1, 0}, []float32{nan, nan}, 1)
	after, err := s.Snapshot()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestAMemoryThatAgreesWithItselfChangesNothing(t *testing.T) {
	s := built(t, 3, 2, paper(func(c *reloop.Config) { c.Gamma, c.Weight = 0, 1 }))
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 50 {
		given := make([]float32, 3)
		given[i%3] = 1
		learn(t, s, uint64(i), []float32{r.Float32(), r.Float32()}, given, i%3)
	}
	q := []float32{0.2, 0.5, 0.3}
	assert.InDeltaSlice(t, q, answer(t, s, []float32{0.4, 0.6}, q), 1e-6)
}

func TestWhatIsRememberedIsWhatWasGivenNotWhatWasAnswered(t *testing.T) {
	s := built(t, 2, 2, paper(func(c *reloop.Config) { c.Weight = 1 }))
	x, q := []float32{3, 4}, []float32{0.75, 0.25}
	learn(t, s, 1, x, q, 1)
	require.Equal(t, []float32{0, 1}, answer(t, s, x, q))
	kept := make([]float32, s.Needs().Remember)
	s.Remember(0, kept)
	assert.Equal(t, []float32{3, 4, 0.75, 0.25, -0.75, 0.75}, kept, "key, given, error assumed")
}

func TestTheSearchIsTheDevices(t *testing.T) {
	env := tta.Env{Classes: 2, FeatureWidth: 3, Model: "test"}
	env.Index = func(dim, capacity int) (accel.Index, error) {
		assert.Equal(t, []int{2, 7}, []int{dim, capacity})
		return nil, errors.New("no memory left")
	}
	_, err := reloop.New(env, paper(func(c *reloop.Config) { c.KeyDims, c.Slots = 2, 7 }))
	require.EqualError(t, err, "index of 7 keys of 2 values: no memory left")
}

func TestFewNeighboursCountLess(t *testing.T) {
	x, q := []float32{1, 0}, []float32{0.8, 0.2}
	for _, rows := range []int{1, 5, 10} {
		s := built(t, 2, 2, paper(func(c *reloop.Config) { c.PriorCount, c.Weight = 5, 1 }))
		for i := range rows {
			learn(t, s, uint64(i), x, q, 1)
		}
		n := float64(rows)
		assert.InDelta(t, 0.2+0.8*n/(n+5), answer(t, s, x, q)[1], 1e-5)
	}
}

func TestOnlyThePrefixIsCompared(t *testing.T) {
	s := built(t, 2, 3, paper(func(c *reloop.Config) { c.KeyDims = 2 }))
	q := []float32{0.5, 0.5}
	learn(t, s, 1, []float32{1, 2, -100}, q, 1)
	assert.Equal(t, answer(t, s, []float32{1, 2, 300}, q), answer(t, s, []float32{1, 2, 0}, q))
	_, err := reloop.New(tta.Env{Classes: 2, FeatureWidth: 3, Model: "narrow.onnx"}, paper(func(c *reloop.Config) { c.KeyDims = 4 }))
	require.EqualError(t, err, "key_dims is 4, the features of model narrow.onnx have 3 values")
	_, err = reloop.New(tta.Env{Classes: 2, Model: "blind.onnx"}, reloop.NewConfig())
	require.ErrorContains(t, err, "model blind.onnx has no features")
}

func TestARevisedLabelReplacesTheFirst(t *testing.T) {
	s := built(t, 3, 2, paper(func(c *reloop.Config) { c.Weight = 1 }))
	x, q := []float32{1, 0}, []float32{0.4, 0.3, 0.3}
	learn(t, s, 7, x, q, 1)
	kept := make([]float32, s.Needs().Remember)
	s.Remember(0, kept)
	require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: 7, Label: 2, Revises: 1, Weight: 1, Kept: kept}}))
	assert.Equal(t, []float32{0, 0, 1}, answer(t, s, x, q))
	require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: 8, Label: 2, Revises: 1, Weight: 1, Kept: kept}}))
	assert.Equal(t, []float32{0, 0, 1}, answer(t, s, x, q), "a row the memory has lost is taken as new")
}

func TestSnapshotsOfOtherStrategiesAreRefused(t *testing.T) {
	small := built(t, 2, 3, reloop.NewConfig())
	blob, err := small.Snapshot()
	require.NoError(t, err)
	for name, other := range map[string]*reloop.Strategy{
		"snapshot of 2 classes, the model has 3": built(t, 3, 3, reloop.NewConfig()),
		"keys":                                   built(t, 2, 4, reloop.NewConfig()),
		"error":                                  built(t, 2, 3, paper(func(c *reloop.Config) { c.Store = reloop.StoreSketch })),
	} {
		require.ErrorContains(t, other.Restore(blob), name)
	}
	damaged := append([]byte{}, blob...)
	damaged[len(damaged)-1] ^= 1
	require.ErrorContains(t, small.Restore(damaged), "it is damaged")
}

func TestASteadyStreamOfBatchesAllocatesNothing(t *testing.T) {
	const rows, classes, width = 64, 10, 16
	r := rand.New(rand.NewPCG(2, 2))
	s := built(t, classes, width, paper(func(c *reloop.Config) { c.Slots = 300 }))
	features, probs := accel.NewTensor(rows, width), accel.NewTensor(rows, classes)
	for i := range features.Data {
		features.Data[i] = float32(r.NormFloat64())
	}
	for i := range 300 {
		learn(t, s, uint64(i), features.Row(i%rows), uniform(classes), i%classes)
	}
	given := accel.NewTensor(rows, classes)
	for i := range given.Data {
		given.Data[i] = 1.0 / classes
	}
	b, out := &tta.Batch{Rows: rows}, &models.Output{Features: features}
	kept := make([]float32, s.Needs().Remember)
	assert.Zero(t, testing.AllocsPerRun(5, func() {
		copy(probs.Data, given.Data)
		_ = s.Correct(context.Background(), b, out, probs)
		s.Remember(3, kept)
	}))
}

func uniform(classes int) []float32 {
	p := make([]float32, classes)
	for k := range p {
		p[k] = 1 / float32(classes)
	}
	return p
}

func ExampleNew() {
	s, _ := reloop.New(tta.Env{Classes: 2, FeatureWidth: 2}, paper(func(c *reloop.Config) { c.Weight = 0.5 }))
	features := &models.Output{Features: accel.TensorOf([]float32{3, 4}, 1, 2)}
	one := &tta.Batch{Rows: 1}
	probs := accel.TensorOf([]float32{0.8, 0.2}, 1, 2)
	_ = s.Correct(context.Background(), one, features, probs)
	kept := make([]float32, s.Needs().Remember)
	s.Remember(0, kept)
	fmt.Println("before", probs.Data)

	// Hours later the row turns out to have been of class 1.
	_ = s.Learn(context.Background(), []tta.Feedback{{Row: 1, Label: 1, Revises: -1, Weight: 1, Kept: kept}})
	_ = s.Correct(context.Background(), one, features, probs)
	fmt.Println("after", probs.Data)
	// Output:
	// before [0.8 0.2]
	// after [0.4 0.6]
}

// BenchmarkCorrect is a batch over a full memory that searches on the CPU device.
func BenchmarkCorrect(b *testing.B) {
	for _, size := range [][2]int{{64, 10}, {200, 10}, {64, 1000}, {200, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) { benchCorrect(b, size[0], size[1], 64) })
	}
}

func benchCorrect(b *testing.B, rows, classes, width int) {
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(b, err)
	s, err := reloop.New(tta.Env{Classes: classes, FeatureWidth: width, Model: "test", Index: func(dim, capacity int) (accel.Index, error) {
		x, err := d.NewIndex(dim, capacity)
		b.Cleanup(func() { x.Close(); require.NoError(b, d.Close()) })
		return x, err
	}}, paper(nil))
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 1))
	features := accel.NewTensor(rows, width)
	for i := range features.Data {
		features.Data[i] = float32(r.NormFloat64())
	}
	for i := range reloop.NewConfig().Slots {
		learn(b, s, uint64(i), features.Row(i%rows), uniform(classes), i%classes)
	}
	batch, out, probs := &tta.Batch{Rows: rows}, &models.Output{Features: features}, accel.NewTensor(rows, classes)
	even := uniform(classes)
	b.ReportAllocs()
	for b.Loop() {
		for i := range rows {
			copy(probs.Row(i), even)
		}
		if err := s.Correct(context.Background(), batch, out, probs); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLearn(b *testing.B) {
	s := built(b, 10, 64, reloop.NewConfig())
	learn(b, s, 0, make([]float32, 64), uniform(10), 1)
	kept := make([]float32, s.Needs().Remember)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range kept {
		kept[i] = r.Float32()
	}
	row := []tta.Feedback{{Revises: -1, Weight: 1, Kept: kept}}
	b.ReportAllocs()
	for b.Loop() {
		row[0].Row++
		row[0].Label = int(row[0].Row % 10)
		if err := s.Learn(context.Background(), row); err != nil {
			b.Fatal(err)
		}
	}
}
