package testkit

import (
	"os"
	"testing"
)

// Absent skips a test for want of a program or driver, saying how to get it; where CI
// is true, it fails, so that a green CI run has not left anything out.
func Absent(t testing.TB, what, install string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing where CI=true: %s", what, install)
	}
	t.Skipf("%s is not here: %s", what, install)
}
