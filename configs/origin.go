package configs

import "strings"

// Origin is where a value comes from. The zero value is a default.
type Origin struct {
	Line, Col int    // place in the file, from 1; 0 for a default
	Env       string // the environment variables it refers to, comma-separated
}

// origin finds the origin of a path, or of the nearest value that contains it.
func originOf(origins map[string]Origin, path string) Origin {
	for {
		if o, ok := origins[path]; ok {
			return o
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return origins[""]
		}
		path = path[:cut]
	}
}
