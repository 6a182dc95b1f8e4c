//go:build amd64 && !purego

package cpu

// tiles are the kernels this processor can run.
func tiles() map[string]func(left, right []float32, sums *[tileRows * tileCols]float32) {
	all := map[string]func(left, right []float32, sums *[tileRows * tileCols]float32){}
	for l := plainGo; l <= detect(); l++ {
		all[l.String()] = l.tile
	}
	return all
}
