// Command neon writes the arm64 assembly of packages kernel and vector: a file of
// assembly and one of Go declarations for each. Avo writes amd64 only, so this is
// a small writer of text of our own. Run it with make kernels.
package main

import (
	"flag"
	"fmt"
	"os"
)

// lanes is the float32 values of a register, lineBytes its bytes.
const (
	lanes      = 4
	floatBytes = 4
	lineBytes  = lanes * floatBytes
)

func main() {
	pkg := flag.String("pkg", "", "package to write for: kernel or vector")
	code := flag.String("out", "", "file of assembly to write")
	stubs := flag.String("stubs", "", "file of Go declarations to write")
	flag.Parse()
	f := newFile(*pkg)
	switch *pkg {
	case "kernel":
		writeKernels(f)
	case "vector":
		writeVector(f)
	default:
		fmt.Fprintf(os.Stderr, "-pkg is %q; want kernel or vector\n", *pkg)
		os.Exit(2)
	}
	for path, text := range map[string]string{*code: f.code.String(), *stubs: f.stubs.String()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func writeKernels(f *file) {
	for _, s := range tapShapes {
		writeTaps(f, s)
	}
	for _, pixels := range channelwisePixels {
		writeDepthwise(f, pixels)
	}
	for _, pixels := range channelwisePixels[1:] {
		writeMaxPool(f, pixels)
	}
	writeWinogradInput(f)
	writeWinogradOutput(f)
	writePeak(f)
}

func writeVector(f *file) {
	w := &writer{registers: registers{file: f}}
	w.writeFlat()
	w.writeCurves()
	w.writeRows()
	w.writeBlocks()
	w.writeColumns()
	w.writeColumnLargest()
	w.writeColumnSoftmax()
	w.writeLayout()
}
