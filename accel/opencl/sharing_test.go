//go:build linux && !noaccel

package opencl_test

import (
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/launch"
	"ttad/accel/opencl/opencltest"
)

// fillAndRead has a queue of its own fill memory of its own over and over, and returns
// how many of the values that came back are wrong.
func fillAndRead(t testing.TB, d launch.Driver, rounds int, value float32) (wrong int) {
	const floats = 10_000
	k := filler(t)
	q, err := d.NewQueue()
	require.NoError(t, err)
	m, err := d.Alloc(floats * 4)
	require.NoError(t, err)
	host, err := d.HostAlloc(floats)
	require.NoError(t, err)
	for i := range rounds {
		want := value + float32(i)
		require.NoError(t, q.Launch(k, [3]int{(floats + 255) / 256, 1, 1}, []launch.Arg{{Memory: m}, {Int: floats}, {Float: want}}))
		require.NoError(t, q.Read(host, m))
		wait(t, q)
		for _, got := range host {
			if got != want {
				wrong++
			}
		}
	}
	require.NoError(t, q.Close())
	require.NoError(t, d.HostFree(host))
	require.NoError(t, d.Free(m))
	return wrong
}

func TestQueuesSideBySideDoNotMix(t *testing.T) {
	d := processor(t)
	var all sync.WaitGroup
	wrong := make([]int, 4)
	for i := range wrong {
		all.Go(func() { wrong[i] = fillAndRead(t, d, 50, float32(1000*i)) })
	}
	all.Wait()
	assert.Equal(t, make([]int, 4), wrong)
}

const sharing = "TTAD_OPENCL_SHARES"

// Two daemons on one machine, each with a context of its own on the same device.
func TestTwoProcessesShareADevice(t *testing.T) {
	opencltest.Need(t)
	if os.Getenv(sharing) != "" {
		d := processor(t)
		assert.Zero(t, fillAndRead(t, d, 100, 7))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), sharing+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	d := processor(t)
	done := make(chan string)
	go func() {
		b, _ := io.ReadAll(out) // up to the end of the process, which Wait judges
		done <- "it said: " + string(b)
	}()
	wrong, said := 0, ""
	for said == "" { // for as long as the other one is at work
		wrong += fillAndRead(t, d, 20, 3)
		select {
		case said = <-done:
		default:
		}
	}
	require.NoError(t, cmd.Wait())
	assert.Contains(t, said, "--- PASS")
	assert.Zero(t, wrong)
}
