package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Shared returns the path of a file in the research data folder, which lies
// beside the checkout (or where TTAD_SHARED points) and is not part of the
// product. Without the folder the test is skipped; where CI is true, it fails,
// so that a green CI run has seen the real data.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("TTAD_SHARED")
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("research data missing where CI=true: %v", err)
		}
		t.Skipf("research data not here (set TTAD_SHARED to its folder): %v", err)
	}
	return path
}
