// Command neon writes the arm64 kernels of package kernel: one file of assembly
// and one of Go declarations. Avo writes amd64 only, so this is a small writer of
// text of our own. Run it with make kernels.
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

// shape is a register tile: pixels by blocks of lanes.
type shape struct{ pixels, blocks int }

// Four multiply-add ports of four cycles' latency want sixteen sums, which the
// widest of every number of blocks have. The smaller ones are for rows that are
// no multiple of them, sevens for the image sizes 7, 14, 28 and 56.
var tapShapes = []shape{
	{8, 3}, {7, 3}, {4, 3}, {2, 3}, {1, 3},
	{8, 2}, {7, 2}, {4, 2}, {2, 2}, {1, 2},
	{16, 1}, {14, 1}, {8, 1}, {7, 1}, {4, 1}, {2, 1}, {1, 1},
}

func main() {
	code := flag.String("out", "", "file of assembly to write")
	stubs := flag.String("stubs", "", "file of Go declarations to write")
	flag.Parse()
	f := newFile("kernel")
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
	for path, text := range map[string]string{*code: f.code.String(), *stubs: f.stubs.String()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
