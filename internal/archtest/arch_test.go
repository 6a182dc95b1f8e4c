package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rooms says which packages of this module a package may import. The longest
// matching prefix counts; a package that matches none must be added.
var rooms = []struct {
	pkg string
	may []string // exact packages, or a prefix ending in /
	why string
}{
	{"accel", nil, "accel knows no room: devices must not know what they compute for"},
	{"accel/plain", []string{"accel"}, "the oracle depends on nothing that could share its mistakes"},
	{"accel/acceltest", []string{"accel", "accel/plain", "internal/testkit"}, "a device is judged against the oracle only"},
	{"accel/cpu/kernel", nil, "arithmetic on slices: knows no programs and no plans"},
	{"accel/cpu/kernel/gen", nil, "a program of another module that writes assembly"},
	{"accel/cpu/kernel/gen/vector", nil, "the same module's program for package vector"},
	{"accel/cpu/vector", nil, "arithmetic on slices: knows no programs and no plans"},
	{"accel/dense", []string{"accel/cpu/kernel", "accel/cpu/vector"}, "matrices in the processor's memory: no devices, no programs"},
	{"accel/kernels", nil, "source and signatures: knows no driver"},
	{"accel/ptx", []string{"accel", "accel/kernels", "accel/launch"}, "executes what a card would"},
	{"accel/opencl/opencltest", []string{"accel", "accel/opencl", "internal/testkit"}, "a device for tests of several rooms"},
	{"accel/", []string{"accel", "accel/"}, "a device knows no room"},
	{"bnstats", nil, "an instrument: arithmetic only"},
	{"errmem", nil, "an instrument: a bounded memory of errors; its search is handed in"},
	{"models", []string{"accel", "bnstats"}, "models know devices, not what to adapt"},
	{"models/onnx", []string{"accel", "accel/plain", "bnstats", "models"}, "import needs the graph and constant folding"},
	{"models/grad", []string{"accel", "bnstats", "models", "models/onnx"}, "training needs the graph and writes ONNX"},
	{"tta", []string{"accel", "accel/dense", "bnstats", "models"}, "the domain knows no NATS, no YAML and no strategy"},
	{"tta/builtin", []string{"tta", "tta/"}, "the one list of strategies"},
	{"tta/ttatest", []string{"accel", "bnstats", "models", "tta", "internal/testkit"}, "laws are checked from outside"},
	{"tta/reloop", []string{"accel", "errmem", "models", "tta"}, "the rule over an error memory"},
	{"tta/", []string{"accel", "accel/dense", "bnstats", "models", "tta"}, "a strategy never imports another strategy"},
	{"stream/streamtest", []string{"stream"}, "test servers"},
	{"stream", []string{"accel", "internal/npyfile", "models", "tta"}, "NATS speaks the domain's nouns, no mathematics"},
	{"configs", []string{"models", "stream", "tta"}, "a file fills in rooms' own Config types and builds nothing"},
	{"internal/npyfile", nil, "a file format"},
	{"internal/chart", nil, "a picture"},
	{"internal/testkit", []string{"accel", "internal/npyfile"}, "what tests share"},
	{"internal/archtest", nil, "this test"},
	{"internal/", []string{""}, "wiring"},
	{"cmd/", []string{""}, "commands"},
	{"integration", []string{""}, "whole-daemon tests"},
}

// outsiders says which packages may import a library directly.
var outsiders = []struct {
	library string
	may     []string
	why     string
}{
	{"gorgonia.org/", []string{"models/grad"}, "gorgonia stays off the hot path"},
	{"github.com/mmcloughlin/avo", []string{"accel/cpu/kernel/gen"}, "the generator of assembly is a module of its own"},
	{"github.com/nats-io/", []string{"stream", "internal/demo", "integration"}, "the bus has one room; the demo is a client of it"},
	{"github.com/hashicorp/golang-lru", []string{"tta"}, "the ledger is ordered by age"},
	{"go.yaml.in/", []string{"configs"}, "YAML has one room"},
	{"github.com/rs/zerolog/log", nil, "loggers are passed in"},
	{"C", []string{}, "no cgo"},
	{"github.com/ebitengine/purego", []string{"accel/dynlib", "accel/cuda/cudatest"}, "driver libraries are opened in one place"},
	{"unsafe", []string{"accel", "internal/npyfile", "models/onnx"}, "only where bytes become floats"},
	{"syscall", []string{"cmd/ttad", "internal/daemon"}, "signals"},
}

const module = "ttad"

func TestImportsFollowTheMap(t *testing.T) {
	for _, p := range list(t) {
		pkg := strings.TrimPrefix(strings.TrimPrefix(p[0], module), "/")
		if pkg == "" {
			continue
		}
		for _, imp := range p[1:] {
			if imp == module || strings.HasPrefix(imp, module+"/") {
				checkRoom(t, pkg, strings.TrimPrefix(imp, module+"/"))
				continue
			}
			checkOutsider(t, pkg, imp)
		}
	}
}

func checkRoom(t *testing.T, pkg, imp string) {
	t.Helper()
	best := -1
	for i, r := range rooms {
		if matches(pkg, r.pkg) && (best < 0 || len(r.pkg) > len(rooms[best].pkg)) {
			best = i
		}
	}
	require.GreaterOrEqual(t, best, 0, "package %s is on no line of the map: add it with its reason", pkg)
	r := rooms[best]
	ok := slices.ContainsFunc(r.may, func(m string) bool { return matches(imp, m) })
	if !ok && !(strings.HasSuffix(r.pkg, "/") && strings.HasPrefix(pkg, imp+"/")) {
		t.Errorf("%s imports %s, but %s", pkg, imp, r.why)
	}
}

func checkOutsider(t *testing.T, pkg, imp string) {
	t.Helper()
	for _, o := range outsiders {
		if imp != o.library && !(strings.HasSuffix(o.library, "/") && strings.HasPrefix(imp, o.library)) &&
			!strings.HasPrefix(imp, o.library+"/") {
			continue
		}
		if !slices.ContainsFunc(o.may, func(m string) bool { return pkg == m || strings.HasPrefix(pkg, m+"/") }) {
			t.Errorf("%s imports %s: %s", pkg, imp, o.why)
		}
	}
}

// matches reports whether pkg is pattern, or lies below it where the pattern
// ends in a slash. The empty pattern matches everything.
func matches(pkg, pattern string) bool {
	if pattern == "" || pkg == pattern {
		return true
	}
	return strings.HasSuffix(pattern, "/") && strings.HasPrefix(pkg, pattern)
}

// list returns, for each package of the module, its path and its imports, tests
// left out. It reads the sources itself, for the go tool's answer would not tell
// the test cache which files it rests on.
func list(t *testing.T) [][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	imports := map[string]map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || path != root && strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := module + "/" + filepath.ToSlash(dir)
		if imports[pkg] == nil {
			imports[pkg] = map[string]bool{}
		}
		for _, i := range f.Imports {
			imports[pkg][strings.Trim(i.Path.Value, `"`)] = true
		}
		return nil
	})
	require.NoError(t, err)
	var pkgs [][]string
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		pkgs = append(pkgs, append([]string{pkg}, slices.Sorted(maps.Keys(imports[pkg]))...))
	}
	require.Greater(t, len(pkgs), 20, "the sources were not found")
	return pkgs
}
