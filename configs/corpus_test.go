package configs_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/tta"
)

var update = flag.Bool("update", false, "rewrite the expected messages and renderings in testdata")

// blend is a strategy's Config with a field of every kind strategies use.
type blend struct {
	SourceWeight float64  `yaml:"source_weight" doc:"Weight of the source moments." range:"[0,1]" reload:"hot"`
	PseudoCount  *float64 `yaml:"pseudo_count" doc:"Rows the source counts for, instead of source_weight." range:"(0,inf)" reload:"hot"`
	MinRows      int      `yaml:"min_rows" doc:"Smaller batches use the source moments." range:"[1,65536]" reload:"hot"`
	Variance     string   `yaml:"batch_variance" doc:"Divisor of the batch variance." enum:"biased,unbiased" reload:"hot"`
	Exclude      []string `yaml:"exclude" doc:"Norm nodes left alone." reload:"warm"`
}

func (b blend) Check(report func(path, message string)) {
	if b.PseudoCount != nil && b.SourceWeight != 0.9 {
		report("pseudo_count", "given with source_weight; one of them says how much the source counts")
	}
}

type neighbors struct {
	Neighbors int    `yaml:"neighbors" doc:"Nearest rows." range:"[1,1000]" reload:"hot"`
	Affinity  string `yaml:"affinity" doc:"Weights between rows." enum:"rbf,knn,linear" reload:"hot"`
}

// registry stands in for the strategies of a build, so that the messages here do
// not change with theirs.
func registry() *tta.Registry {
	return tta.NewRegistry(
		tta.Spec{Name: "source", Summary: "The model as it is.", NewConfig: func() any { return nil }},
		tta.Spec{Name: "alphabn", Place: tta.PlaceNorm, Summary: "Blends moments.", NewConfig: func() any {
			return &blend{SourceWeight: 0.9, MinRows: 1, Variance: "biased"}
		}},
		tta.Spec{Name: "lame", Place: tta.PlaceLocal, Summary: "Smooths over neighbors.", NewConfig: func() any { return &neighbors{Neighbors: 5, Affinity: "rbf"} }},
	)
}

// environment is what the files in testdata see.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"NATS_URL": "tls://nats.example:4222", "NATS_PASSWORD": "12345", "SECRET_TOKEN": "s3cr3t", "HOME_DIR": "/srv",
		"DIGITS": "42", "THREADS": "3", "WORD": "many", "EMPTY": "", "BYTES": "2KiB", "FLAG": "false",
		"STRUCTURE": "x\nadmin: {y: [1]}",
	}[name]
	return value, ok
}

func load(t *testing.T, path string) (*configs.File, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return configs.Load(filepath.Base(path), data, registry(), environment)
}

func corpus(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// golden compares got with a file, or rewrites the file under -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./configs -update and read what it wrote")
	require.Equal(t, string(want), got)
}

func TestGoodFilesLoad(t *testing.T) {
	for _, path := range corpus(t, "*.good.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := load(t, path)
			require.NoError(t, err)
			require.NotEmpty(t, f.Groups)
		})
	}
}

// Every bad file has beside it exactly the messages it gives.
func TestBadFilesSayEveryMistake(t *testing.T) {
	for _, path := range corpus(t, "*.bad.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := load(t, path)
			var all *configs.Errors
			require.True(t, errors.As(err, &all), "got %v", err)
			require.NotEmpty(t, all.List)
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}
