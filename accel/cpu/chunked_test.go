package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// The conformance suite's batches are small: with chunks of their usual length there
// would be one. Here there are several, and rows left over where they do not go into
// the workers.
func TestABatchOfManyChunks(t *testing.T) {
	all := []struct{ threads, rows int }{{1, 1}, {2, 1}, {3, 2}}
	if testing.Short() {
		all = all[2:]
	}
	for _, c := range all {
		t.Run(fmt.Sprintf("%d threads, chunks of %d", c.threads, c.rows), func(t *testing.T) {
			acceltest.RunAll(t, func(t testing.TB) accel.Device {
				d, err := New(Config{Threads: c.threads})
				require.NoError(t, err)
				d.chunkRows = c.rows
				return d
			})
		})
	}
}
