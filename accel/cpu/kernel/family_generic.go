//go:build (!amd64 && !arm64) || purego

package kernel

// families without assembly is the one in Go.
func families() []Family { return []Family{inGo()} }
