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
	return Family{
		Name: "avx512", Lanes: 16, peak: avx512Peak,
		winograd: Winograd{16, avx512WinogradInput, avx512WinogradOutput},
		kernels: []Kernel{
			{14, 2, 16, avx512Taps14x2},
			{12, 2, 16, avx512Taps12x2},
			{10, 2, 16, avx512Taps10x2},
			{8, 2, 16, avx512Taps8x2},
			{7, 2, 16, avx512Taps7x2},
			{6, 2, 16, avx512Taps6x2},
			{4, 2, 16, avx512Taps4x2},
			{2, 2, 16, avx512Taps2x2},
			{1, 2, 16, avx512Taps1x2},
			{28, 1, 16, avx512Taps28x1},
			{24, 1, 16, avx512Taps24x1},
			{16, 1, 16, avx512Taps16x1},
			{14, 1, 16, avx512Taps14x1},
			{10, 1, 16, avx512Taps10x1},
			{8, 1, 16, avx512Taps8x1},
			{7, 1, 16, avx512Taps7x1},
			{4, 1, 16, avx512Taps4x1},
			{2, 1, 16, avx512Taps2x1},
			{1, 1, 16, avx512Taps1x1},
		},
		depthwise: []Channelwise{
			{14, 16, true, avx512Depthwise14},
			{8, 16, true, avx512Depthwise8},
			{7, 16, true, avx512Depthwise7},
			{4, 16, true, avx512Depthwise4},
			{2, 16, true, avx512Depthwise2},
			{1, 16, true, avx512Depthwise1},
		},
		maxPool: []Channelwise{
			{8, 16, false, avx512MaxPool8},
			{7, 16, false, avx512MaxPool7},
			{4, 16, false, avx512MaxPool4},
			{2, 16, false, avx512MaxPool2},
			{1, 16, false, avx512MaxPool1},
		},
	}
}

func inAVX2() Family {
	return Family{
		Name: "avx2", Lanes: 8, peak: avx2Peak,
		winograd: Winograd{8, avx2WinogradInput, avx2WinogradOutput},
		kernels: []Kernel{
			{4, 3, 8, avx2Taps4x3},
			{3, 3, 8, avx2Taps3x3},
			{2, 3, 8, avx2Taps2x3},
			{1, 3, 8, avx2Taps1x3},
			{6, 2, 8, avx2Taps6x2},
			{5, 2, 8, avx2Taps5x2},
			{4, 2, 8, avx2Taps4x2},
			{3, 2, 8, avx2Taps3x2},
			{2, 2, 8, avx2Taps2x2},
			{1, 2, 8, avx2Taps1x2},
			{12, 1, 8, avx2Taps12x1},
			{10, 1, 8, avx2Taps10x1},
			{8, 1, 8, avx2Taps8x1},
			{7, 1, 8, avx2Taps7x1},
			{6, 1, 8, avx2Taps6x1},
			{4, 1, 8, avx2Taps4x1},
			{2, 1, 8, avx2Taps2x1},
			{1, 1, 8, avx2Taps1x1},
		},
		depthwise: []Channelwise{
			{14, 8, true, avx2Depthwise14},
			{8, 8, true, avx2Depthwise8},
			{7, 8, true, avx2Depthwise7},
			{4, 8, true, avx2Depthwise4},
			{2, 8, true, avx2Depthwise2},
			{1, 8, true, avx2Depthwise1},
		},
		maxPool: []Channelwise{
			{8, 8, false, avx2MaxPool8},
			{7, 8, false, avx2MaxPool7},
			{4, 8, false, avx2MaxPool4},
			{2, 8, false, avx2MaxPool2},
			{1, 8, false, avx2MaxPool1},
		},
	}
}
