//go:build linux && !noaccel

package ptx

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
)

// Two compilers and two executors agree: the shipped PTX here, and the source built by
// PoCL for the processor, write the same bits, launch by launch, for every kernel. A
// NaN is a NaN.
func TestTheSameBitsAsPoCL(t *testing.T) {
	opencltest.Need(t)
	m := shipped(t)
	kept := record(t, m)
	d, err := opencl.OpenDriver(opencl.Config{AllowProcessors: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	for _, k := range m.Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			require.NotEmpty(t, kept[k.Name], "no launch was recorded")
			for n, r := range kept[k.Name] {
				got, err := r.on(d)
				require.NoError(t, err)
				for i := range got {
					assert.Equal(t, -1, difference(r.after[i], got[i]), "launch %d over %v groups, memory %d: first difference", n, r.groups, i)
				}
			}
		})
	}
}

// difference is the first place where bits differ, or -1.
func difference(a, b []float32) int {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return i
		}
	}
	return -1
}
