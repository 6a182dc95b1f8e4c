//go:build amd64 && !purego

package cpu

// sifts are the kernels this processor can run.
func sifts() map[string]sifter {
	all := map[string]sifter{}
	for l := plainGo; l <= level; l++ {
		all[[...]string{"plain Go", "AVX2", "AVX-512"}[l]] = l.sift
	}
	return all
}
