//go:build linux && (amd64 || arm64) && !noaccel

package dynlib

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The C library is there on every machine that runs this test.
const libc = "libc.so.6"

func TestFunctionsOfALibraryAreCalled(t *testing.T) {
	l, err := Open("libttad-nosuch.so.1", libc)
	require.NoError(t, err)
	assert.Equal(t, libc, l.Name)
	var abs, strlen Func
	require.NoError(t, l.Bind(map[string]*Func{"abs": &abs, "strlen": &strlen}))
	assert.EqualValues(t, 7, int32(abs.Call(^uintptr(6))))
	text := []byte("four\x00")
	assert.EqualValues(t, 4, strlen.Call(uintptr(unsafe.Pointer(&text[0]))))
}

func TestACallWithArgumentsThatAreThereDoesNotAllocate(t *testing.T) {
	l, err := Open(libc)
	require.NoError(t, err)
	var abs Func
	require.NoError(t, l.Bind(map[string]*Func{"abs": &abs}))
	args := make([]uintptr, 11)
	assert.Zero(t, testing.AllocsPerRun(100, func() { abs.Call(args...) }))
}

func TestMemoryOfALibraryIsRead(t *testing.T) {
	l, err := Open(libc)
	require.NoError(t, err)
	var calloc, free Func
	require.NoError(t, l.Bind(map[string]*Func{"calloc": &calloc, "free": &free}))
	p := calloc.Call(8, 4)
	defer free.Call(p)
	f := Floats(p, 8)
	assert.Len(t, f, 8)
	f[0] = 2
	assert.Equal(t, float32(2), Floats(p, 1)[0])
	assert.Equal(t, "\x00\x00\x00@", string(unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4)))
	f[0] = 0
	assert.Empty(t, Text(p, 32))
	assert.Empty(t, Text(0, 32))
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	_, err := Open("libttad-nosuch.so.1", "libttad-nosuch.so")
	require.ErrorIs(t, err, ErrNotThere)
	assert.ErrorContains(t, err, "libttad-nosuch.so.1, libttad-nosuch.so")

	l, err := Open(libc)
	require.NoError(t, err)
	var a, b, c Func
	err = l.Bind(map[string]*Func{"ttad_b": &b, "abs": &a, "ttad_a": &c})
	var lacks *SymbolError
	require.ErrorAs(t, err, &lacks)
	assert.Equal(t, &SymbolError{Library: libc, Symbols: []string{"ttad_a", "ttad_b"}}, lacks)
}

// Each of these files would be refused by the loader, or kill the process.
func TestBrokenLibrariesAreRefusedWithTheReason(t *testing.T) {
	whole := wholeLibrary(t)
	other := append([]byte(nil), whole...)
	other[18] ^= 0xff // the machine it is for
	for _, tt := range []struct {
		name     string
		contents []byte
		says     string
	}{
		{"a text", []byte("this is no library, but it is long enough to be looked at: " + string(make([]byte, 64))), "invalid ELF header"},
		{"an empty file", nil, "file too short"},
		{"its header only", whole[:64], "the file ends at byte 64"},
		{"cut off", whole[:len(whole)/3], "install it again"},
		{"for another machine", other, "it is not for linux on "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "libbroken.so.1")
			require.NoError(t, os.WriteFile(path, tt.contents, 0o600))
			_, err := Open(path)
			var broken *BrokenError
			require.ErrorAs(t, err, &broken)
			assert.Equal(t, path, broken.Name)
			assert.Contains(t, broken.Reason, tt.says)
		})
	}
}

func TestALibraryThatMayNotBeReadIsBroken(t *testing.T) {
	if os.Geteuid() == 0 {
		path := t.TempDir() // a folder: what even root cannot load
		_, err := Open(path)
		var broken *BrokenError
		require.ErrorAs(t, err, &broken)
		return
	}
	path := filepath.Join(t.TempDir(), "libsecret.so.1")
	require.NoError(t, os.WriteFile(path, wholeLibrary(t), 0))
	_, err := Open(path)
	require.ErrorContains(t, err, "Permission denied")
}

// The loader finds names in LD_LIBRARY_PATH only when the process starts with it.
func TestACutOffLibraryOnThePathIsFound(t *testing.T) {
	const variable = "TTAD_DYNLIB_OPENS"
	if name := os.Getenv(variable); name != "" {
		_, err := Open(name)
		var broken *BrokenError
		require.ErrorAs(t, err, &broken)
		return
	}
	dir := t.TempDir()
	whole := wholeLibrary(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "libttad-cut.so.1"), whole[:len(whole)/2], 0o600))
	cmd := exec.Command(os.Args[0], "-test.run", t.Name())
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+dir, variable+"=libttad-cut.so.1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// wholeLibrary is some library that can be loaded.
func wholeLibrary(t *testing.T) []byte {
	t.Helper()
	for _, path := range candidates("libpthread.so.0") {
		if b, err := os.ReadFile(path); err == nil {
			return b
		}
	}
	t.Skip("no libpthread.so.0 where libraries are kept")
	return nil
}

func FuzzExtent(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "lib.so")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		truncated(path)
	})
}

func BenchmarkCall(b *testing.B) {
	l, err := Open(libc)
	require.NoError(b, err)
	var abs Func
	require.NoError(b, l.Bind(map[string]*Func{"abs": &abs}))
	args := make([]uintptr, 4)
	for b.Loop() {
		abs.Call(args...)
	}
}

// The loader keeps its last message for each thread of the system's, and goroutines
// move between them.
func TestWhyALibraryIsNotOpenedIsKnownWhateverElseRuns(t *testing.T) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				if _, err := Open("libttad-nosuch.so.1"); !assert.ErrorIs(t, err, ErrNotThere) {
					return
				}
				runtime.Gosched()
			}
		})
	}
	all.Wait()
}
