//go:build !amd64 || purego

package cpu

// sifts are the kernels this processor can run.
func sifts() map[string]sifter { return map[string]sifter{"plain Go": plainGo.sift} }
