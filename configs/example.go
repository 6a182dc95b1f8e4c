package configs

import _ "embed"

//go:embed examples/starter.yaml
var starter string

// Example is a commented configuration to start from.
func Example() string { return starter }
