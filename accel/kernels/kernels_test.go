package kernels_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
)

// A signature has what a launch must know; groups are of sizes every device takes.
func TestSignatures(t *testing.T) {
	all, err := kernels.All()
	require.NoError(t, err)
	require.Equal(t, &kernels.Kernel{
		Name: "fill", Local: [3]int{256, 1, 1},
		Params: []kernels.Param{{Name: "y", Type: kernels.Memory}, {Name: "n", Type: kernels.Int}, {Name: "value", Type: kernels.Float}},
	}, all["fill"])
	for name, k := range all {
		items := k.Local[0] * k.Local[1] * k.Local[2]
		require.True(t, items >= 1 && items <= 256, "kernel %s has groups of %v items", name, k.Local)
	}
}

// Every kernel of the source is in the PTX, with as many parameters, and no other. The
// package that executes it compares their types.
func TestThePTXIsOfTheSource(t *testing.T) {
	all, err := kernels.All()
	require.NoError(t, err)
	entries := strings.Split(kernels.PTX(), ".visible .entry ")[1:]
	require.Len(t, entries, len(all), "run make ptx")
	for _, text := range entries {
		name, rest, _ := strings.Cut(text, "(")
		params, _, _ := strings.Cut(rest, "\n{")
		require.Contains(t, all, name, "run make ptx")
		require.Equal(t, len(all[name].Params), strings.Count(params, ".param "), "kernel %s: run make ptx", name)
	}
}

// Compilers of an OpenCL driver name files as they are in this folder.
func TestSourceNamesItsFiles(t *testing.T) {
	source := kernels.Source()
	require.True(t, strings.HasPrefix(source, "#line 1 \"common.cl\"\n"))
	require.Less(t, strings.Index(source, `"math.cl"`), strings.Index(source, `"conv.cl"`), "functions come before who uses them")
}
