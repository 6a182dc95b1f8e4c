// Command gen writes the amd64 kernels of package kernel: one file of assembly
// and one of Go declarations for each instruction set. It is a module of its own,
// for the program needs nothing it requires. Run it with make kernels.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// instructionSet is what one file of kernels is written for.
type instructionSet struct {
	prefix    string
	lanes     int  // float32 values of a register
	broadcast bool // a multiply-add can broadcast its memory operand
	vector    func(*build.Context) reg.VecVirtual
	shapes    []shape
}

// shape is a register tile: pixels by blocks of lanes.
type shape struct{ pixels, blocks int }

// Of each number of blocks the tiles with most pixels do the work, for it takes
// about twelve sums to keep two multiply-add ports busy; the small ones are for
// what is left of a row. A tile of one block reads input for every multiply-add
// and is bound by its loads.
var sets = map[string]instructionSet{
	"avx512": {
		prefix: "avx512", lanes: 16, broadcast: true,
		vector: func(c *build.Context) reg.VecVirtual { return c.ZMM() },
		shapes: []shape{
			{14, 2}, {12, 2}, {10, 2}, {8, 2}, {7, 2}, {6, 2}, {4, 2}, {2, 2}, {1, 2},
			{28, 1}, {24, 1}, {16, 1}, {14, 1}, {10, 1}, {8, 1}, {7, 1}, {4, 1}, {2, 1}, {1, 1},
		},
	},
	"avx2": {
		prefix: "avx2", lanes: 8,
		vector: func(c *build.Context) reg.VecVirtual { return c.YMM() },
		shapes: []shape{
			{4, 3}, {3, 3}, {2, 3}, {1, 3}, {6, 2}, {5, 2}, {4, 2}, {3, 2}, {2, 2}, {1, 2},
			{12, 1}, {10, 1}, {8, 1}, {7, 1}, {6, 1}, {4, 1}, {2, 1}, {1, 1},
		},
	},
}

func main() {
	args := flag.NewFlagSet("gen", flag.ExitOnError) // avo takes the global one for itself
	name := args.String("isa", "", "instruction set: avx512 or avx2")
	flags := build.NewFlags(args)
	_ = args.Parse(os.Args[1:]) // exits itself
	set, ok := sets[*name]
	if !ok {
		fmt.Fprintf(os.Stderr, "-isa is %q; want avx512 or avx2\n", *name)
		os.Exit(2)
	}
	ctx := build.NewContext()
	ctx.ConstraintExpr("amd64,!purego")
	for _, s := range set.shapes {
		writeTaps(ctx, set, s)
	}
	writeChannelwise(ctx, set)
	writeWinograd(ctx, set)
	writePeak(ctx, set)
	os.Exit(build.Main(flags.Config(), ctx))
}
