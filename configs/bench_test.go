package configs_test

import (
	"os"
	"path/filepath"
	"testing"

	"ttad/configs"
)

func BenchmarkLoad(b *testing.B) {
	data, err := os.ReadFile(filepath.Join("testdata", "full.good.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := configs.Load("full.good.yaml", data, registry(), environment); err != nil {
			b.Fatal(err)
		}
	}
}
