package cudatest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ebitengine/purego"
)

// Sources of the libraries.
var (
	//go:embed testdata/libcuda.c
	libcuda []byte
	//go:embed testdata/libcublas.c
	libcublas []byte
)

// handler answers a call of the library: its name, its thread and its arguments.
type handler func(call string, thread int64, args *[maxArgs]uint64) int

// maxArgs is the most arguments of a function; of a shorter one the rest is not there.
const maxArgs = 14

// build compiles a library in a folder of the test, loads it, and has it call the
// handler. Its path is the result.
func build(t testing.TB, name string, code []byte, h handler) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no C compiler where CI=true: apt-get install gcc: %v", err)
		}
		t.Skipf("no C compiler to build a driver library with (apt-get install gcc): %v", err)
	}
	dir := t.TempDir()
	source, library := filepath.Join(dir, name+".c"), filepath.Join(dir, name+".so")
	if err := os.WriteFile(source, code, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	connect(t, library, h)
	return library
}

// connect hands the library a C function that calls the handler. The library stays
// loaded, as a driver's does.
func connect(t testing.TB, library string, h handler) {
	t.Helper()
	loaded, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		t.Fatal(err)
	}
	set, err := purego.Dlsym(loaded, "double_handle")
	if err != nil {
		t.Fatal(err)
	}
	purego.SyscallN(set, purego.NewCallback(func(call uintptr, thread int64, args uintptr) uintptr {
		return uintptr(h(cString(call), thread, at[[maxArgs]uint64](args)))
	}))
}
