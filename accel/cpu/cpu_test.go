package cpu_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
)

func opener(threads int) acceltest.Open {
	return func(t testing.TB) accel.Device {
		d, err := cpu.New(cpu.Config{Threads: threads})
		require.NoError(t, err)
		return d
	}
}

func TestDevice(t *testing.T) {
	for _, threads := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) { acceltest.RunAll(t, opener(threads)) })
	}
}
