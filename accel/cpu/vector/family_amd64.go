//go:build amd64 && !purego

package vector

import "golang.org/x/sys/cpu"

// families are those this processor can run, the fastest first.
func families() []Family {
	x := &cpu.X86
	all := []Family{inGo()}
	if x.HasAVX2 && x.HasFMA {
		all = append([]Family{inAVX2()}, all...)
	}
	if x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW {
		all = append([]Family{inAVX512()}, all...)
	}
	return all
}

func inAVX512() Family { return Family{Name: "avx512", Lanes: 16, functions: goFunctions()} }

func inAVX2() Family { return Family{Name: "avx2", Lanes: 8, functions: goFunctions()} }
