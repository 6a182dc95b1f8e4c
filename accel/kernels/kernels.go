package kernels

import (
	"embed"
	_ "embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.cl
var files embed.FS

//go:embed kernels.ptx
var ptx string

// order is the files others rest on; the rest follows by name.
var order = [...]string{"common.cl", "math.cl", "group.cl", "tile.cl"}

// Source is the OpenCL C of all kernels, as it is given to an OpenCL driver. Line
// directives make a compiler name files and lines as they are in this folder.
func Source() string {
	var b strings.Builder
	for _, name := range names() {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // embedded: present or not built
		}
		fmt.Fprintf(&b, "#line 1 %q\n%s\n", name, text)
	}
	return b.String()
}

// PTX is the same kernels for CUDA: PTX 6.0 for compute capability 5.2 and later.
func PTX() string { return ptx }

func names() []string {
	all, err := fs.Glob(files, "*.cl")
	if err != nil {
		panic(err)
	}
	rest := slices.DeleteFunc(all, func(name string) bool { return slices.Contains(order[:], name) })
	return append(slices.Clone(order[:]), rest...)
}
