//go:build linux && !noaccel

package opencl_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/kernels"
	"ttad/accel/launch"
	"ttad/accel/opencl"
	"ttad/accel/opencl/opencltest"
)

// witness notes which kernels are launched.
type witness struct {
	launch.Driver
	mu   *sync.Mutex
	seen map[string]bool
}

// NewQueue opens a queue that notes its launches.
func (w witness) NewQueue() (launch.Queue, error) {
	q, err := w.Driver.NewQueue()
	return witnessed{q, w}, err
}

type witnessed struct {
	launch.Queue
	by witness
}

// Launch notes the kernel.
func (q witnessed) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	q.by.mu.Lock()
	q.by.seen[k.Name] = true
	q.by.mu.Unlock()
	return q.Queue.Launch(k, groups, args)
}

// What Oclgrind is given, see oclgrind_test.go, must leave no kernel out.
func TestTheBriefRunLaunchesEveryKernel(t *testing.T) {
	opencltest.Need(t)
	w := witness{mu: &sync.Mutex{}, seen: map[string]bool{}}
	acceltest.RunOnce(t, func(t testing.TB) accel.Device {
		var err error
		w.Driver, err = opencl.OpenDriver(opencl.Config{AllowProcessors: true})
		require.NoError(t, err)
		d, err := launch.New(w, zerolog.Nop())
		require.NoError(t, err)
		return d
	}, 2, 550)
	all, err := kernels.All()
	require.NoError(t, err)
	assert.Equal(t, slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(w.seen)))
}
