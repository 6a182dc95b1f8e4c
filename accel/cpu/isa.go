package cpu

import (
	"fmt"
	"strings"
)

// instructions are what a device's kernels are written in. A processor that has
// one of them has those before it, too.
type instructions int

const (
	plainGo instructions = iota
	avx2
	avx512
)

// String names the arithmetic for people.
func (l instructions) String() string { return [...]string{"plain Go", "AVX2", "AVX-512"}[l] }

// isaNames are the words of Config.ISA, by instructions.
var isaNames = [...]string{"generic", "avx2", "avx512"}

// choose finds the instructions of that name, the best there are for auto.
func choose(name string) (instructions, error) {
	best := detect()
	if name == "" || name == "auto" {
		return best, nil
	}
	for l, known := range isaNames {
		if name != known {
			continue
		}
		if l := instructions(l); l <= best {
			return l, nil
		}
		return 0, fmt.Errorf("isa %s: this processor, or this build, has no more than %s; take that or auto", name, isaNames[best])
	}
	return 0, fmt.Errorf("isa %q is not one of auto, %s", name, strings.Join(isaNames[:], ", "))
}
