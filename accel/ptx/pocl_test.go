//go:build linux && !noaccel

package ptx

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
)

// Two compilers and two executors agree: the shipped PTX here, and the source built by
// PoCL for the processor, write the same bits, launch by launch, for every kernel. A
// NaN is a NaN.
func TestTheSameBitsAsPoCL(t *testing.T) {
	if testing.Short() {
		t.Skip("the same kernels run in TestDevice")
	}
	opencltest.Need(t)
	m := shipped(t)
	r := newRecordings()
	for _, rows := range []int{1, 3} {
		t.Run(fmt.Sprint("recorded with ", rows, " rows"), func(t *testing.T) {
			acceltest.RunOnce(t, func(t testing.TB) accel.Device {
				return opened(t, &recorder{NewDriver(m, Options{Workers: 1}), r, t})
			}, rows, 2000)
		})
	}
	d, err := opencl.OpenDriver(opencl.Config{AllowProcessors: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	for _, k := range m.Kernels() {
		t.Run(k.Name, func(t *testing.T) {
			require.NotEmpty(t, r.kept[k.Name], "no launch was recorded")
			for n, x := range r.kept[k.Name] {
				got, err := x.on(d)
				require.NoError(t, err)
				for i := range got {
					assert.Equal(t, -1, difference(x.after[i], got[i]), "launch %d over %v groups, memory %d: first difference", n, x.groups, i)
				}
			}
		})
	}
}
