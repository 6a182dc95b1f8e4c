package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ttad": main})
}

// TestScripts runs the command as its users do: each file in testdata is a
// session, and tells what a command prints where, and how it exits.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               fixtures,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "server": server, "send": send, "answered": answered, "sigterm": sigterm,
		},
	})
}
