package testkit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Shared returns the path of a file in the research data folder, which is not part
// of the product: the folder TTAD_SHARED names, else the nearest "shared" beside
// the checkout or one of the folders above it. Without it the test is skipped;
// where CI is true, it fails, so that a green CI run has seen the real data.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{sharedRoot()}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("research data missing where CI=true: %v", err)
		}
		t.Skipf("research data not here (set TTAD_SHARED to its folder): %v", err)
	}
	return path
}

func sharedRoot() string {
	if root := os.Getenv("TTAD_SHARED"); root != "" {
		return root
	}
	_, file, _, _ := runtime.Caller(0)
	beside := filepath.Join(filepath.Dir(file), "..", "..", "..")
	for dir := beside; ; dir = filepath.Dir(dir) {
		root := filepath.Join(dir, "shared")
		if _, err := os.Stat(filepath.Join(root, "data")); err == nil {
			return root
		}
		if dir == filepath.Dir(dir) {
			return filepath.Join(beside, "shared")
		}
	}
}
