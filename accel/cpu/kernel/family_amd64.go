//go:build amd64 && !purego

package kernel

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

func inAVX512() Family {
	return Family{Name: "avx512", Lanes: 16, peak: avx512Peak, kernels: []Kernel{
		{14, 2, 16, avx512Taps14x2},
		{12, 2, 16, avx512Taps12x2},
		{8, 2, 16, avx512Taps8x2},
		{4, 2, 16, avx512Taps4x2},
		{1, 2, 16, avx512Taps1x2},
		{28, 1, 16, avx512Taps28x1},
		{24, 1, 16, avx512Taps24x1},
		{16, 1, 16, avx512Taps16x1},
		{8, 1, 16, avx512Taps8x1},
		{4, 1, 16, avx512Taps4x1},
		{1, 1, 16, avx512Taps1x1},
	}}
}

func inAVX2() Family {
	return Family{Name: "avx2", Lanes: 8, peak: avx2Peak, kernels: []Kernel{
		{4, 3, 8, avx2Taps4x3},
		{1, 3, 8, avx2Taps1x3},
		{6, 2, 8, avx2Taps6x2},
		{4, 2, 8, avx2Taps4x2},
		{1, 2, 8, avx2Taps1x2},
		{12, 1, 8, avx2Taps12x1},
		{8, 1, 8, avx2Taps8x1},
		{4, 1, 8, avx2Taps4x1},
		{1, 1, 8, avx2Taps1x1},
	}}
}
