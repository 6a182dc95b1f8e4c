package cpu

import (
	"fmt"
	"slices"
	"strings"

	"ttad/accel/cpu/kernel"
)

// instructions are what a device's kernels are written in.
type instructions int

const (
	plainGo instructions = iota
	avx2
	avx512
	neon
)

// String names the arithmetic for people.
func (l instructions) String() string {
	return [...]string{"plain Go", "AVX2", "AVX-512", "NEON"}[l]
}

// isaNames are the words of Config.ISA, by instructions.
var isaNames = [...]string{"generic", "avx2", "avx512", "neon"}

// choose finds the instructions of that name, for auto the best that this
// processor and this build have.
func choose(name string) (instructions, error) {
	if name == "" {
		name = "auto"
	}
	if name != "auto" && !slices.Contains(isaNames[:], name) {
		return 0, fmt.Errorf("isa %q is not one of auto, %s", name, strings.Join(isaNames[:], ", "))
	}
	family, err := kernel.New(name)
	if err != nil {
		return 0, fmt.Errorf("isa %s: %w", name, err)
	}
	return instructions(slices.Index(isaNames[:], family.Name)), nil
}
