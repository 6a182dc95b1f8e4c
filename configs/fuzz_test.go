package configs_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ttad/configs"
)

// Whatever the bytes are, Load answers with a file or with mistakes that have a
// place in it, and a file it accepts comes back from its own rendering.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := configs.Load("fuzz.yaml", data, registry(), environment)
		if err != nil {
			checkPlaces(t, data, err)
			return
		}
		text, err := configs.Render(file)
		if err != nil {
			t.Fatalf("render: %v", err)
		}
		again, err := configs.Load("rendered.yaml", []byte(text), registry(), nil)
		if err != nil {
			t.Fatalf("rendered text does not load: %v\n%s", err, text)
		}
		for _, c := range configs.Diff(file, again) {
			if !slices.Contains([]string{"bus.password", "bus.token", "bus.servers"}, c.Path) {
				t.Fatalf("rendering changed %+v\n%s", c, text)
			}
		}
	})
}

func checkPlaces(t *testing.T, data []byte, err error) {
	var all *configs.Errors
	if !errors.As(err, &all) || len(all.List) == 0 {
		t.Fatalf("error is %T: %v", err, err)
	}
	// YAML breaks lines at more characters than \n; no file has more lines than bytes.
	lines := len(data) + 2
	for _, e := range all.List {
		if e.Line < 0 || e.Line > lines || e.Message == "" {
			t.Fatalf("mistake without a place in %d lines: %+v", lines, e)
		}
	}
}
