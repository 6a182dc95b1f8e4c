//go:build amd64 && !purego

package cpu

// sifts are the kernels this processor can run.
func sifts() map[string]sifter {
	all := map[string]sifter{}
	for l := plainGo; l <= detect(); l++ {
		all[l.String()] = l.sift
	}
	return all
}
