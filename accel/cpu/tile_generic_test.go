//go:build !amd64 || purego

package cpu

// tiles are the kernels this processor can run.
func tiles() map[string]func(left, right []float32, sums *[tileRows * tileCols]float32) {
	return map[string]func(left, right []float32, sums *[tileRows * tileCols]float32){"plain Go": plainGo.tile}
}
