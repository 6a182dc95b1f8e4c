//go:build arm64 && !purego

package vector

// families has a NEON one for package kernel's blocks, in Go: its lanes are
// those of the family in Go.
func families() []Family { return []Family{inNEON(), inGo()} }

func inNEON() Family { return Family{Name: "neon", Lanes: 4, functions: goFunctions()} }
