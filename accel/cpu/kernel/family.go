package kernel

import (
	"fmt"
	"slices"
	"strings"
)

// Kernel is a tile of one shape: Pixels by Blocks blocks of Lanes output channels.
type Kernel struct {
	Pixels, Blocks, Lanes int

	run func(*Call)
}

// Run computes the tiles of a call into c.Output, one after the other. It allocates
// nothing, and panics where c reaches outside its slices.
func (k Kernel) Run(c *Call) {
	k.check(c)
	k.run(c)
}

// Flops is the number of floating-point operations of one call, a multiply-add
// counting as two.
func (k Kernel) Flops(c *Call) int {
	return 2 * k.Pixels * k.Blocks * k.Lanes * c.Depth * len(c.Taps) * max(c.Repeat, 1)
}

// Family is the kernels of one instruction set. Copies share what they point to,
// which nobody changes.
type Family struct {
	Name  string // as New takes it
	Lanes int    // output channels of a block

	kernels            []Kernel // more blocks first, among those more pixels first
	depthwise, maxPool []Channelwise
	winograd           Winograd
	peak               func(rounds int)
}

// New returns the family of that name, or for "auto" the fastest this processor
// can run. The error lists those it can.
func New(name string) (Family, error) {
	all := families()
	if name == "auto" {
		return all[0], nil
	}
	var names []string
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Family{}, fmt.Errorf("kernels for %q: this processor and build have %s, or auto for the first", name, strings.Join(names, ", "))
}

// Kernels returns the shapes of that many blocks, the one with most pixels first;
// the last one has a single pixel, so that any row can be covered. It is empty
// where the family has none so wide.
func (f Family) Kernels(blocks int) []Kernel {
	return slices.DeleteFunc(slices.Clone(f.kernels), func(k Kernel) bool { return k.Blocks != blocks })
}

// MaxBlocks is the largest number of blocks a kernel of the family takes.
func (f Family) MaxBlocks() int { return f.kernels[0].Blocks }

// Peak does rounds rounds of multiply-adds that touch no memory and returns how
// many floating-point operations that were: the limit no kernel of the family can
// pass. A family without assembly has none and returns 0.
func (f Family) Peak(rounds int) int {
	if f.peak == nil || rounds < 1 {
		return 0
	}
	f.peak(rounds)
	return rounds * peakFMAs * f.Lanes * 2
}

// peakFMAs is the multiply-adds of a round, as gen/peak.go writes them.
const peakFMAs = 48
