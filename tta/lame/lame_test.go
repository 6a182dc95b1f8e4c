package lame

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/internal/testkit"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/ttatest"
)

func config(affinity string, change func(*Config)) *Config {
	c := Spec().NewConfig().(*Config)
	c.Affinity = affinity
	change(c)
	return c
}

func asIs(*Config) {}

// correct runs the strategy on copies of probabilities [n k] and features [n d].
func correct(t testing.TB, cfg *Config, probs, features *accel.Tensor) *accel.Tensor {
	t.Helper()
	return correctBy(t, "", cfg, probs, features)
}

// correctBy is correct by an instruction set.
func correctBy(t testing.TB, isa string, cfg *Config, probs, features *accel.Tensor) *accel.Tensor {
	t.Helper()
	z := probs.Clone()
	b := &tta.Batch{Rows: probs.Rows()}
	require.NoError(t, build(t, isa, cfg).Correct(context.Background(), b, &models.Output{Features: features}, z))
	return z
}

func build(t testing.TB, isa string, cfg *Config) *Strategy {
	t.Helper()
	s, err := New(tta.Env{ISA: isa}, cfg)
	require.NoError(t, err)
	return s
}

// weights is W [n n]: row i is what row i gives the others its ear by.
func weights(a *affinity) []float32 {
	n := len(a.alone)
	w := make([]float32, n*n)
	for i := range n {
		for j := range n {
			if !a.sparse {
				w[i*n+j] = *a.w.At(j, i)
			}
		}
		if a.sparse {
			for _, j := range a.listens(i) {
				w[i*n+int(j)] = 1
			}
		}
	}
	return w
}

// rows is the last iterate, a row for each row of the batch.
func (s *solver) rows() []float32 {
	z := matrix{data: make([]float32, s.z.Rows*s.z.Columns), rows: s.z.Columns, width: s.z.Rows}
	s.answer(z)
	return z.data
}

func TestGoldenVectors(t *testing.T) {
	for _, c := range ttatest.Golden(t, "lame") {
		t.Run(c.Name, func(t *testing.T) {
			var p struct {
				Affinity string `json:"affinity"`
				TopK     int    `json:"top_k"`
				Symmetry bool   `json:"force_symmetry"`
				Steps    int    `json:"max_steps"`
			}
			var in struct{ Probabilities, Features ttatest.Array }
			var want struct {
				Affinity   ttatest.Array
				Z          ttatest.Array
				Iterations int
				Objective  []float64 `json:"objective_half_trace"`
			}
			c.Decode(t, &p, &in, &want)
			cfg := &Config{
				Affinity: strings.ToLower(p.Affinity), Neighbors: p.TopK, MaxIterations: p.Steps, ForceSymmetry: p.Symmetry, MinRows: 1,
				// The two cases in which the published code gives NaN have our rule's answer.
				ReferenceExact: !strings.HasSuffix(c.Name, "reference_is_nan"),
			}
			q := accel.TensorOf(in.Probabilities.Float32(), in.Probabilities.Shape...)
			f := accel.TensorOf(in.Features.Float32(), in.Features.Shape...)
			testkit.Close(t, "z", correct(t, cfg, q, f).Data, want.Z.Data, 1e-5)

			s := build(t, "", cfg)
			require.NoError(t, s.adjust(t.Context(), rowsOf(f, 0, f.Rows()), rowsOf(q, 0, q.Rows())))
			if want.Affinity.Data != nil {
				testkit.Close(t, "affinity", weights(&s.affinity), want.Affinity.Data, 1e-5)
			}
			if want.Iterations > 0 {
				// float32 may settle a little sooner or later than the float64 reference.
				assert.InDelta(t, want.Iterations, s.solver.steps, 3, "iterations")
			}
		})
	}
}

// random returns probabilities and features of n rows that lie around a few
// directions, as features of classes do.
func random(seed uint64, n, classes, width int) (probs, features *accel.Tensor) {
	r := rand.New(rand.NewPCG(seed, 77))
	probs, features = accel.NewTensor(n, classes), accel.NewTensor(n, width)
	centres := make([]float64, classes*width)
	for i := range centres {
		centres[i] = r.NormFloat64()
	}
	logits := accel.NewTensor(n, classes)
	for i := range n {
		c := r.IntN(classes)
		for k := range width {
			features.Row(i)[k] = float32(centres[c*width+k] + 0.5*r.NormFloat64())
		}
		for k := range classes {
			logits.Row(i)[k] = float32(2 * r.NormFloat64())
		}
		logits.Row(i)[c]++
	}
	tta.Softmax(probs, logits)
	return probs, features
}

// check asserts the invariants of every answer.
func check(t testing.TB, z *accel.Tensor) {
	t.Helper()
	for i := range z.Rows() {
		sum := 0.0
		for _, v := range z.Row(i) {
			require.GreaterOrEqual(t, v, float32(0))
			sum += float64(v)
		}
		require.InDelta(t, 1, sum, 1e-6)
	}
}

func TestTheObjectiveNeverRises(t *testing.T) {
	for _, affinity := range []string{RBF, Linear} {
		for seed := range uint64(60) {
			n, k := 2+int(seed)%31, 2+int(seed)%9
			probs, features := random(seed, n, k, 8)
			cfg := config(affinity, asIs)
			s := build(t, "", cfg)
			q := rowsOf(probs, 0, n)
			s.affinity.set(rowsOf(features, 0, n), q)
			s.affinity.build(cfg)
			s.solver.start(q, s.affinity.given)
			before := s.solver.objective(&s.affinity, s.solver.z)
			for range 20 {
				s.solver.step(&s.affinity)
				now := s.solver.objective(&s.affinity, s.solver.z)
				// float32 iterates: a settled objective wobbles in its last digits.
				require.LessOrEqual(t, now, before+2e-6*math.Max(1, math.Abs(before)), "%s, seed %d", affinity, seed)
				before = now
			}
		}
	}
}

func TestRowsInAnotherOrderGetTheSameAnswers(t *testing.T) {
	for _, affinity := range []string{RBF, KNN, Linear} {
		probs, features := random(5, 30, 4, 8)
		z := correct(t, config(affinity, asIs), probs, features)
		order := rand.New(rand.NewPCG(1, 2)).Perm(30)
		p2, f2 := probs.Clone(), features.Clone()
		for i, from := range order {
			copy(p2.Row(i), probs.Row(from))
			copy(f2.Row(i), features.Row(from))
		}
		z2 := correct(t, config(affinity, asIs), p2, f2)
		for i, from := range order {
			testkit.Close(t, fmt.Sprint(affinity, i), z2.Row(i), z.Row(from), 1e-4)
		}
		check(t, z)
	}
}

func TestWithoutAffinityTheInputComesBack(t *testing.T) {
	probs, features := random(6, 10, 4, 8)
	clear(features.Data) // knn: rows without a direction have no neighbours
	z := correct(t, config(KNN, asIs), probs, features)
	testkit.Close(t, "z", z.Data, probs.Data, 4e-7) // K*1e-10, and float32 rounding
}

func TestEqualRowsGetEqualAnswers(t *testing.T) {
	for _, affinity := range []string{RBF, KNN, Linear} {
		for _, n := range []int{7, 259} {
			probs, features := random(7, n, 3, 40)
			for i := range n {
				copy(probs.Row(i), probs.Row(0))
				copy(features.Row(i), features.Row(0))
			}
			z := correct(t, config(affinity, asIs), probs, features)
			for i := range n {
				require.Equal(t, z.Row(0), z.Row(i), "%s, %d rows", affinity, n)
			}
			check(t, z)
		}
	}
}

func TestTheLengthOfFeaturesDoesNotMatter(t *testing.T) {
	for _, affinity := range []string{RBF, KNN, Linear} {
		probs, features := random(8, 20, 4, 8)
		scaled := features.Clone()
		for i := range 20 {
			for k := range scaled.Row(i) {
				scaled.Row(i)[k] *= float32(1 + i*i)
			}
		}
		testkit.Close(t, affinity, correct(t, config(affinity, asIs), probs, scaled).Data, correct(t, config(affinity, asIs), probs, features).Data, 1e-4)
	}
}

func TestASettledAnswerIsAFixedPoint(t *testing.T) {
	probs, features := random(9, 40, 5, 16)
	for _, affinity := range []string{RBF, Linear} {
		s := build(t, "", config(affinity, asIs))
		require.NoError(t, s.adjust(t.Context(), rowsOf(features, 0, 40), rowsOf(probs.Clone(), 0, 40)))
		require.True(t, s.solver.settled)
		before := s.solver.rows()
		s.solver.step(&s.affinity)
		testkit.Close(t, affinity, s.solver.rows(), before, 1e-4)
	}
}

func TestSwingingAffinitiesEndAtTheLowerIterate(t *testing.T) {
	// Two groups tied only to each other, one leaning to each class: their rows
	// swap answers in every step, for the ties are indefinite.
	const n = 12
	exact, ours := build(t, "", config(KNN, asIs)), build(t, "", config(KNN, asIs))
	a := &exact.affinity
	a.w = a.math.Panels(nil, n, n)
	q := matrix{data: make([]float32, n*2), rows: n, width: 2}
	for i := range n {
		lean := []float32{0.6, 0.4}
		if i >= n/2 {
			lean = []float32{0.4, 0.6}
		}
		copy(q.row(i), lean)
		for j := range n {
			if (i < n/2) != (j < n/2) {
				*a.w.At(j, i) = 1
			}
		}
	}
	require.NoError(t, exact.solver.solve(t.Context(), config(KNN, func(c *Config) { c.ReferenceExact = true }), a, q))
	require.NoError(t, ours.solver.solve(t.Context(), config(KNN, asIs), a, q))
	require.False(t, ours.solver.settled)
	require.Equal(t, 100, ours.solver.steps)
	assert.LessOrEqual(t, ours.solver.objective(a, ours.solver.z), exact.solver.objective(a, exact.solver.z))
}

func TestDistancesAgreeWithDifferences(t *testing.T) {
	const n, width = 300, 300
	_, features := random(10, n, 4, width)
	for i := range 40 { // near duplicates, where a product loses digits
		copy(features.Row(i+40), features.Row(i))
		features.Row(i + 40)[0] += 1e-3
	}
	for i := range features.Data { // all in much the same direction
		features.Data[i] += 3
	}
	a := &build(t, "", config(RBF, asIs)).affinity
	a.set(rowsOf(features, 0, n), matrix{data: make([]float32, n), rows: n, width: 1})
	unit := make([]float64, n*width)
	for i := range n {
		for k, v := range a.unit.Row(i) {
			unit[i*width+k] = float64(v)
		}
	}
	a.w = a.math.Panels(nil, n, n)
	a.halves(&a.w)
	a.rank(2)
	for i := range n {
		for j := range n {
			want := 0.0
			for k := range width {
				d := unit[i*width+k] - unit[j*width+k]
				want += d * d
			}
			require.InDelta(t, want, -2**a.w.At(i, j), 2e-5*want, "rows %d and %d", i, j)
		}
	}
}

func TestKNNEdges(t *testing.T) {
	f := accel.TensorOf([]float32{1, 0, 1, 0, 1, 0, 0, 1}, 4, 2) // rows 0, 1, 2 equal
	probs, _ := random(11, 4, 3, 2)
	knn := func(change func(*Config)) []float32 {
		cfg := config(KNN, func(c *Config) { c.Neighbors = 1; change(c) })
		s := build(t, "", cfg)
		require.NoError(t, s.adjust(t.Context(), rowsOf(f, 0, 4), rowsOf(probs.Clone(), 0, 4)))
		return weights(&s.affinity)
	}
	assert.Equal(t, []float32{
		0, 1, 0, 0,
		1, 0, 0, 0,
		1, 0, 0, 0,
		1, 0, 0, 0}, knn(asIs), "a row is not its own neighbour; ties go to the lower index")
	assert.Equal(t, []float32{
		0, 1, 0, 0,
		0, 1, 0, 0,
		0, 1, 0, 0,
		1, 0, 0, 0}, knn(func(c *Config) { c.ReferenceExact = true }), "the published code drops the first of the nearest, here row 0")
}

func TestRowsThatAreNotFiniteHarmNoOther(t *testing.T) {
	nan := float32(math.NaN())
	for _, affinity := range []string{RBF, KNN, Linear} {
		probs, features := random(12, 21, 4, 8)
		without := correct(t, config(affinity, asIs), accel.TensorOf(probs.Data[:80], 20, 4), accel.TensorOf(features.Data[:160], 20, 8))
		features.Row(20)[3] = nan
		z := correct(t, config(affinity, asIs), probs, features)
		testkit.Close(t, affinity, z.Data[:80], without.Data, 1e-5)
		testkit.Close(t, affinity+" row 20 is passed", z.Row(20), probs.Row(20), 1e-6)
		probs.Row(20)[0] = nan
		z = correct(t, config(affinity, asIs), probs, features)
		testkit.Close(t, affinity, z.Data[:80], without.Data, 1e-5)
		assert.True(t, math.IsNaN(float64(z.Row(20)[0])), "there is nothing to answer from")
	}
}

// With a bound on diversity a batch of such rows has no diversity to compare.
func TestABatchWithoutFiniteFeaturesPassesUnchanged(t *testing.T) {
	for _, affinity := range []string{"rbf", "knn", "linear"} {
		probs, features := random(7, 12, 3, 5)
		for i := range features.Data {
			features.Data[i] = float32(math.NaN())
		}
		z := correct(t, config(affinity, func(c *Config) { c.MinDiversity = 0.5 }), probs, features)
		assert.Equal(t, probs.Data, z.Data, affinity)
	}
}

func TestBatchesThatPassUnchanged(t *testing.T) {
	probs, features := random(13, 6, 3, 4)
	one := accel.TensorOf(probs.Data[:3], 1, 3)
	for _, affinity := range []string{RBF, KNN, Linear} {
		assert.Equal(t, one, correct(t, config(affinity, func(c *Config) { c.MinRows = 1 }), one, features), "a single row")
	}
	assert.Equal(t, probs, correct(t, config(RBF, func(c *Config) { c.MinRows = 7 }), probs, features), "fewer rows than min_rows")
}

func TestReferenceExactAdjustsEveryBatch(t *testing.T) {
	probs, features := random(13, 6, 3, 4)
	one, feature := accel.TensorOf(probs.Data[:3], 1, 3), accel.TensorOf(features.Data[:4], 1, 4)
	exact := func(c *Config) { c.ReferenceExact = true }
	assert.NotEqual(t, one, correct(t, config(Linear, exact), one, feature), "a single row, with the defaults")
	assert.NotEqual(t, probs, correct(t, config(RBF, func(c *Config) { c.ReferenceExact, c.MinRows = true, 7 }), probs, features), "fewer rows than min_rows")
}

// countdown is a context that is cancelled after a number of looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func TestTheIterationStopsWhenTheTimeIsOver(t *testing.T) {
	probs, features := random(13, 6, 3, 4)
	for looks := range 3 {
		s, z := build(t, "", config(RBF, asIs)), probs.Clone()
		err := s.Correct(&countdown{t.Context(), looks}, &tta.Batch{Rows: 6}, &models.Output{Features: features}, z)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, max(looks-1, 0), s.solver.steps, "one look before the affinities, one before each iteration")
		assert.Equal(t, probs, z)
	}
}

func TestMinDiversityStopsACollapse(t *testing.T) {
	// Features that all point the same way tie every row to every other.
	probs, features := random(14, 12, 6, 3)
	for i := range features.Data {
		features.Data[i] += 40
	}
	free := correct(t, config(Linear, asIs), probs, features)
	classes := map[int]bool{}
	for i := range 12 {
		classes[tta.Argmax(free.Row(i))] = true
	}
	require.Len(t, classes, 1, "without the guard the batch collapses")
	assert.Equal(t, probs, correct(t, config(Linear, func(c *Config) { c.MinDiversity = 0.5 }), probs, features))
}

func TestLargeBatchesAreAdjustedInBlocks(t *testing.T) {
	n := maxBlock + 2
	probs, features := random(15, n, 2, 2)
	z := correct(t, config(Linear, func(c *Config) { c.MaxIterations = 3 }), probs, features)
	check(t, z)
	half := n / 2
	first := correct(t, config(Linear, func(c *Config) { c.MaxIterations = 3 }), accel.TensorOf(probs.Data[:2*half], half, 2), accel.TensorOf(features.Data[:2*half], half, 2))
	assert.Equal(t, first.Data, z.Data[:2*half])
}

func TestASteadyStreamOfBatchesAllocatesNothing(t *testing.T) {
	for _, affinity := range []string{RBF, KNN, Linear} {
		probs, features := random(16, 64, 10, 64)
		s, b, out := build(t, "", config(affinity, func(c *Config) { c.MinDiversity = 0.1 })), &tta.Batch{Rows: 64}, &models.Output{Features: features}
		q := probs.Clone()
		assert.Zero(t, testing.AllocsPerRun(5, func() {
			copy(q.Data, probs.Data)
			_ = s.Correct(context.Background(), b, out, q)
		}), affinity)
	}
}

func TestAllInstructionSetsAgree(t *testing.T) {
	for _, affinity := range []string{RBF, KNN, Linear} {
		for _, size := range [][3]int{{17, 3, 5}, {70, 33, 20}, {200, 10, 300}} {
			probs, features := random(17, size[0], size[1], size[2])
			want := correctBy(t, "generic", config(affinity, asIs), probs, features)
			for _, isa := range []string{"avx2", "avx512", "neon"} {
				if _, err := dense.New(isa); err != nil {
					continue // not this processor's
				}
				got := correctBy(t, isa, config(affinity, asIs), probs, features)
				testkit.Close(t, fmt.Sprint(affinity, size, isa), got.Data, want.Data, 1e-5)
			}
		}
	}
	_, err := New(tta.Env{ISA: "abacus"}, config(RBF, asIs))
	require.ErrorContains(t, err, "abacus")
}

func ExampleNew() {
	// Two rows with the same features: the undecided one follows the other.
	s, err := New(tta.Env{}, &Config{Affinity: KNN, Neighbors: 1, MaxIterations: 100, MinRows: 2})
	if err != nil {
		panic(err)
	}
	probs := accel.TensorOf([]float32{0.9, 0.1, 0.45, 0.55}, 2, 2)
	features := accel.TensorOf([]float32{1, 2, 1, 2}, 2, 2)
	_ = s.Correct(context.Background(), &tta.Batch{Rows: 2}, &models.Output{Features: features}, probs)
	fmt.Println(tta.Argmax(probs.Row(0)), tta.Argmax(probs.Row(1)))
	// Output: 0 0
}

func BenchmarkCorrect(b *testing.B) {
	for _, size := range []struct{ rows, classes, width int }{{64, 10, 64}, {200, 10, 64}, {64, 1000, 2048}, {512, 10, 512}} {
		for _, affinity := range []string{RBF, KNN, Linear} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", affinity, size.rows, size.classes, size.width), func(b *testing.B) {
				probs, features := random(1, size.rows, size.classes, size.width)
				s, batch, out := build(b, "", config(affinity, asIs)), &tta.Batch{Rows: size.rows}, &models.Output{Features: features}
				q := probs.Clone()
				b.ReportAllocs()
				for b.Loop() {
					copy(q.Data, probs.Data)
					if err := s.Correct(context.Background(), batch, out, q); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
