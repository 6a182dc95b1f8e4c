//go:build arm64 && !purego

package kernel

// families are those of every arm64 processor, for NEON is part of all of them.
func families() []Family { return []Family{inNEON(), inGo()} }

func inNEON() Family {
	return Family{
		Name: "neon", Lanes: 4, peak: neonPeak,
		kernels: []Kernel{
			{8, 3, 4, neonTaps8x3},
			{7, 3, 4, neonTaps7x3},
			{4, 3, 4, neonTaps4x3},
			{2, 3, 4, neonTaps2x3},
			{1, 3, 4, neonTaps1x3},
			{8, 2, 4, neonTaps8x2},
			{7, 2, 4, neonTaps7x2},
			{4, 2, 4, neonTaps4x2},
			{2, 2, 4, neonTaps2x2},
			{1, 2, 4, neonTaps1x2},
			{16, 1, 4, neonTaps16x1},
			{14, 1, 4, neonTaps14x1},
			{8, 1, 4, neonTaps8x1},
			{7, 1, 4, neonTaps7x1},
			{4, 1, 4, neonTaps4x1},
			{2, 1, 4, neonTaps2x1},
			{1, 1, 4, neonTaps1x1},
		},
		winograd: Winograd{4, neonWinogradInput, neonWinogradOutput},
		depthwise: []Channelwise{
			{14, 4, true, neonDepthwise14},
			{8, 4, true, neonDepthwise8},
			{7, 4, true, neonDepthwise7},
			{4, 4, true, neonDepthwise4},
			{2, 4, true, neonDepthwise2},
			{1, 4, true, neonDepthwise1},
		},
		maxPool: []Channelwise{
			{8, 4, false, neonMaxPool8},
			{7, 4, false, neonMaxPool7},
			{4, 4, false, neonMaxPool4},
			{2, 4, false, neonMaxPool2},
			{1, 4, false, neonMaxPool1},
		},
	}
}
