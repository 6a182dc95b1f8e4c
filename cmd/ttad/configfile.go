package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ttad/configs"
)

// envFlag is --env NAME=VALUE: variables for the references in a configuration,
// over those of the process.
type envFlag struct {
	app    *app
	values []string
}

func addEnvFlag(a *app, cmd *cobra.Command) *envFlag {
	e := &envFlag{app: a}
	cmd.Flags().StringArrayVar(&e.values, "env", nil, "set `NAME=VALUE` for ${NAME} in the configuration; may be repeated")
	return e
}

// lookup returns what the configuration's references see.
func (e *envFlag) lookup() (func(string) (string, bool), error) {
	given := make(map[string]string, len(e.values))
	for _, v := range e.values {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, usageErrorf("--env %q is not NAME=VALUE", v)
		}
		given[name] = value
	}
	return func(name string) (string, bool) {
		if v, ok := given[name]; ok {
			return v, true
		}
		return e.app.env(name)
	}, nil
}

// load reads a configuration; what is wrong with it ends the command with the exit
// code for invalid configurations.
func (e *envFlag) load(path string) (*configs.File, error) {
	env, err := e.lookup()
	if err != nil {
		return nil, err
	}
	f, err := configs.ReadFile(path, e.app.registry, env)
	var all *configs.Errors
	if errors.As(err, &all) {
		err = fmt.Errorf("%s: %s\n%w", path, count(len(all.List), "mistake"), err)
	}
	return f, withCode(exitConfig, err)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
