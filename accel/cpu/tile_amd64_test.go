//go:build amd64 && !purego

package cpu

// tiles are the kernels this processor can run.
func tiles() map[string]func(left, right []float32, sums *[tileRows * tileCols]float32) {
	all := map[string]func(left, right []float32, sums *[tileRows * tileCols]float32){}
	for l := plainGo; l <= level; l++ {
		all[[...]string{"plain Go", "AVX2", "AVX-512"}[l]] = l.tile
	}
	return all
}
