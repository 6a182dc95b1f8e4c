package configs

import (
	"fmt"
	"io"
	"os"
	"reflect"

	"go.yaml.in/yaml/v4"

	"ttad/tta"
)

// Load reads a configuration: strictly, with every mistake at once. name is the
// file's name in messages and the place relative paths start from; reg lists the
// strategies a pipeline may use; env looks up environment variables, as os.LookupEnv
// does (nil: none is set).
//
// The error is an *Errors, and the File is nil, if there is any mistake.
func Load(name string, data []byte, reg *tta.Registry, env func(string) (string, bool)) (*File, error) {
	d := &decoder{name: name, data: data, env: env, reg: reg, origins: map[string]Origin{}}
	root, mistake := parse(name, data)
	if mistake != nil {
		return nil, &Errors{List: []Error{*mistake}}
	}
	file := Default()
	if inspect(root, d.report) {
		d.value(root, "", field{typ: reflect.TypeFor[File](), kind: kindStruct}, reflect.ValueOf(&file).Elem())
		d.finish(file)
		// Rules between fields mean nothing for a document that has none.
		if root.Kind == yaml.MappingNode {
			d.check(reflect.ValueOf(file), "")
		}
	}
	if len(d.errs) > 0 {
		return nil, &Errors{List: sorted(d.errs)}
	}
	file.name, file.origins = name, d.origins
	return &file, nil
}

// ReadFile loads the configuration in the file at path.
func ReadFile(path string, reg *tta.Registry, env func(string) (string, bool)) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open configuration: %w", err)
	}
	defer f.Close()
	// One byte more than allowed is enough for Load to say that there is more.
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return Load(path, data, reg, env)
}
