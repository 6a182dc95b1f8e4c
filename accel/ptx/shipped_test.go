package ptx

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
)

// The PTX that is shipped has every kernel of the source, with parameters of the
// same sizes and types.
func TestTheShippedModuleHasTheSignaturesOfTheSource(t *testing.T) {
	m, err := Load(kernels.PTX())
	require.NoError(t, err)
	all, err := kernels.All()
	require.NoError(t, err)
	require.Len(t, m.Kernels(), len(all))
	for name, want := range all {
		k := m.Kernel(name)
		require.NotNil(t, k, "kernel %s is not in kernels.ptx: run make ptx", name)
		require.Len(t, k.Params, len(want.Params), "kernel %s: run make ptx", name)
		for i, p := range want.Params {
			require.Equal(t, p.Type == kernels.Memory, k.Params[i].Bytes == 8, "kernel %s: parameter %s", name, p.Name)
			require.Equal(t, p.Type == kernels.Float, k.Params[i].Float, "kernel %s: parameter %s", name, p.Name)
		}
	}
}
