// Command vector writes the amd64 functions of package vector: one file of
// assembly and one of Go declarations for each instruction set. Run it with make
// kernels.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/build"
)

func main() {
	args := flag.NewFlagSet("vector", flag.ExitOnError) // avo takes the global one for itself
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
	w := newWriter(ctx, set)
	w.writeFlat()
	w.writeCurves()
	w.writeRows()
	w.writeBlocks()
	w.writeColumns()
	w.writeColumnLargest()
	w.writeColumnSoftmax()
	w.writeEntropy()
	w.writeLayout()
	os.Exit(build.Main(flags.Config(), ctx))
}
