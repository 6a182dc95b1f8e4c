package loki_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/testkit"
	"ttad/tta"
	"ttad/tta/loki"
	"ttad/tta/ttatest"
)

// decide runs the strategy on probabilities [n k].
func decide(t testing.TB, s *loki.Strategy, probs *accel.Tensor) (class []int32, score []float32) {
	t.Helper()
	n := probs.Rows()
	class, score = make([]int32, n), make([]float32, n)
	require.NoError(t, s.Decide(context.Background(), &tta.Batch{Rows: n}, nil, probs, class, score))
	return class, score
}

// build makes the strategy for a table with one row a class.
func build(t testing.TB, distance [][]float64) *loki.Strategy {
	t.Helper()
	cfg := &loki.Config{Distance: distance}
	for i := len(distance); i < len(distance[0]); i++ {
		cfg.Classes = append(cfg.Classes, fmt.Sprint("new", i))
	}
	s, err := loki.New(tta.Env{Classes: len(distance)}, cfg)
	require.NoError(t, err)
	return s
}

func TestGoldenVectors(t *testing.T) {
	for _, c := range ttatest.Golden(t, "loki") {
		t.Run(c.Name, func(t *testing.T) {
			var in struct {
				Probabilities ttatest.Array
				Distance      [][]float64
				Observed      []int
			}
			var want struct {
				Score ttatest.Array
				Class []int32 `json:"class_index"`
			}
			c.Decode(t, nil, &in, &want)
			// The vectors number all classes alike; ours come with the model's first.
			columns := in.Observed
			for i := range in.Distance {
				if len(in.Observed) == 0 || !contains(in.Observed, i) {
					columns = append(columns, i)
				}
			}
			k := in.Probabilities.Shape[1]
			distance := make([][]float64, k)
			for i := range distance {
				for _, col := range columns {
					distance[i] = append(distance[i], in.Distance[columns[i]][col])
				}
			}
			class, score := decide(t, build(t, distance), accel.TensorOf(in.Probabilities.Float32(), in.Probabilities.Shape...))
			all := want.Score.Shape[1]
			for i, cl := range class {
				assert.Equal(t, want.Class[i], int32(columns[cl]), "row %d", i)
				testkit.Close(t, "score", score[i:i+1], want.Score.Data[i*all+columns[cl]:][:1], 1e-5)
			}
		})
	}
}

func contains(s []int, v int) bool {
	for _, x := range s {
		if x == v {
			return true
		}
	}
	return false
}

// random is rows of probabilities and a symmetric table of distances.
func random(seed uint64, n, k int) (*accel.Tensor, [][]float64) {
	r := rand.New(rand.NewPCG(seed, 3))
	probs, logits := accel.NewTensor(n, k), accel.NewTensor(n, k)
	for i := range logits.Data {
		logits.Data[i] = float32(r.NormFloat64())
	}
	tta.Softmax(probs, logits)
	d := make([][]float64, k)
	for i := range d {
		d[i] = make([]float64, k)
		for j := range i {
			d[i][j] = 0.1 + r.Float64()
			d[j][i] = d[i][j]
		}
	}
	return probs, d
}

func TestZeroOneMetricIsArgmax(t *testing.T) {
	probs, d := random(1, 50, 6)
	for i := range d {
		for j := range d[i] {
			d[i][j] = 1
		}
		d[i][i] = 0
	}
	class, _ := decide(t, build(t, d), probs)
	for i, c := range class {
		assert.Equal(t, tta.Argmax(probs.Row(i)), int(c))
	}
}

func TestCertainRowsReturnTheirOwnClass(t *testing.T) {
	_, d := random(2, 1, 5)
	probs := accel.NewTensor(5, 5)
	for i := range 5 {
		probs.Row(i)[i] = 1
	}
	class, score := decide(t, build(t, d), probs)
	assert.Equal(t, []int32{0, 1, 2, 3, 4}, class)
	assert.Equal(t, make([]float32, 5), score)
}

func TestScalingTheMetricChangesNoClass(t *testing.T) {
	probs, d := random(3, 50, 6)
	want, _ := decide(t, build(t, d), probs)
	for i := range d {
		for j := range d[i] {
			d[i][j] *= 7
		}
	}
	got, _ := decide(t, build(t, d), probs)
	assert.Equal(t, want, got)
}

func TestPermutingClassesPermutesTheAnswer(t *testing.T) {
	probs, d := random(4, 50, 6)
	want, _ := decide(t, build(t, d), probs)
	order := rand.New(rand.NewPCG(9, 9)).Perm(6)
	p2, d2 := probs.Clone(), make([][]float64, 6)
	for i, from := range order {
		d2[i] = make([]float64, 6)
		for j, other := range order {
			d2[i][j] = d[from][other]
		}
		for r := range 50 {
			p2.Row(r)[i] = probs.Row(r)[from]
		}
	}
	got, _ := decide(t, build(t, d2), p2)
	for r := range got {
		assert.Equal(t, want[r], int32(order[got[r]]))
	}
}

func TestLabels(t *testing.T) {
	table := [][]float64{{0, 2, 1}, {2, 0, 1}}
	for name, c := range map[string]struct {
		labels, classes, want []string
	}{
		"named classes":   {[]string{"cold", "hot"}, []string{"warm"}, []string{"cold", "hot", "warm"}},
		"unnamed classes": {nil, []string{"warm"}, []string{"0", "1", "warm"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loki.New(tta.Env{Classes: 2, Labels: c.labels}, &loki.Config{Distance: table, Classes: c.classes})
			require.NoError(t, err)
			assert.Equal(t, c.want, s.Labels())
		})
	}
	s, err := loki.New(tta.Env{Classes: 2, Labels: []string{"a", "b"}}, &loki.Config{Distance: [][]float64{{0, 1}, {1, 0}}})
	require.NoError(t, err)
	assert.Nil(t, s.Labels(), "the model's own are used")
}

func TestMistakesAreNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		return name
	}
	for name, c := range map[string]struct {
		cfg  loki.Config
		want string
	}{
		"no metric":             {loki.Config{}, "a metric is needed"},
		"two metrics":           {loki.Config{Distance: [][]float64{{0}}, DistanceFile: "x"}, "keep one of them"},
		"ragged":                {loki.Config{Distance: [][]float64{{0, 1}, {1}}}, "row of 1 distances; the first has 2"},
		"too few rows":          {loki.Config{Distance: [][]float64{{0, 1}}}, "distance has 1 rows, the model 2 classes"},
		"too few columns":       {loki.Config{Distance: [][]float64{{0}, {1}}}, "must be at least as many"},
		"negative":              {loki.Config{Distance: [][]float64{{0, -1}, {1, 0}}}, "distance of class 0 to column 1 is -1"},
		"not zero at home":      {loki.Config{Distance: [][]float64{{0, 1}, {1, 2}}}, "distance of class 1 to itself is 2"},
		"unnamed columns":       {loki.Config{Distance: [][]float64{{0, 1, 1}, {1, 0, 1}}}, "classes names 0 columns; the distances have 1 beyond"},
		"no such file":          {loki.Config{DistanceFile: "nowhere.csv"}, "nowhere.csv: no such file"},
		"file with a word":      {loki.Config{DistanceFile: write("a.csv", "0,1\n1,far\n")}, `line 2: column 2: "far" is not a number`},
		"file with a long line": {loki.Config{DistanceFile: write("b.csv", "0,1\n1,0,2\n")}, "line 2: 3 distances; the first row has 2"},
		"file with NaN":         {loki.Config{DistanceFile: write("c.csv", "0,NaN\n1,0\n")}, "is NaN"},
		"file with more rows":   {loki.Config{DistanceFile: write("d.csv", "0,1\n1,0\n1,1\n")}, "line 3: the model has 2 classes"},
		"empty file":            {loki.Config{DistanceFile: write("e.csv", "")}, "distance has 0 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loki.New(tta.Env{Classes: 2, Dir: dir}, &c.cfg)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

func TestAFileEqualsTheTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metric.csv")
	require.NoError(t, os.WriteFile(file, []byte("# two ends and a middle\n0, 2, 1\n\n2, 0, 1\n"), 0o600))
	s, err := loki.New(tta.Env{Classes: 2}, &loki.Config{DistanceFile: file, Classes: []string{"middle"}})
	require.NoError(t, err)
	class, score := decide(t, s, accel.TensorOf([]float32{0.5, 0.5}, 1, 2))
	assert.Equal(t, []int32{2}, class, "mass split over the ends answers with the middle")
	assert.Equal(t, []float32{-1}, score)
}

func ExampleNew() {
	s, err := loki.New(tta.Env{Classes: 3}, &loki.Config{Distance: [][]float64{{0, 1, 2}, {1, 0, 1}, {2, 1, 0}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	class, score := make([]int32, 1), make([]float32, 1)
	_ = s.Decide(context.Background(), &tta.Batch{Rows: 1}, nil, accel.TensorOf([]float32{0.5, 0, 0.5}, 1, 3), class, score)
	fmt.Println(class[0], score[0])
	// Output: 1 -1
}

func FuzzDistanceFile(f *testing.F) {
	f.Add([]byte("0,1\n1,0\n"))
	f.Add([]byte("# c\n0, 1e3 ,2\n\n1,0,nan"))
	f.Add([]byte(",\n,,"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(dir, "d.csv")
		require.NoError(t, os.WriteFile(file, text, 0o600))
		s, err := loki.New(tta.Env{Classes: 2}, &loki.Config{DistanceFile: file})
		if err != nil {
			return
		}
		class, _ := decide(t, s, accel.TensorOf([]float32{1, 0, 0, 1}, 2, 2))
		for _, c := range class {
			require.Contains(t, []int32{0, 1}, c)
		}
	})
}
