package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"ttad/configs"
	"ttad/tta"
	"ttad/tta/builtin"
)

//go:embed configuration.intro.md
var configurationIntro string

//go:embed strategies.intro.md
var strategiesIntro string

func main() {
	root := flag.String("root", ".", "the repository's folder")
	flag.Parse()
	if err := write(*root, builtin.Registry()); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// documents are the generated files, by their path in the repository.
func documents(reg *tta.Registry) (map[string]string, error) {
	schema, err := configs.Schema(reg)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"docs/configuration.md":    configurationIntro + configuration(configs.Sections()),
		"docs/strategies.md":       strategiesIntro + strategies(configs.Strategies(reg)),
		"configs/ttad.schema.json": string(schema),
	}, nil
}

func write(root string, reg *tta.Registry) error {
	docs, err := documents(reg)
	if err != nil {
		return err
	}
	for name, text := range docs {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
