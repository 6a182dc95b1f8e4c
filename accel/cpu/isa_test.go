package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// Every set of instructions this processor has passes the conformance suite, and
// the device says which it works with.
func TestADeviceWorksWithTheInstructionsItIsGiven(t *testing.T) {
	for l := plainGo; l <= detect(); l++ {
		t.Run(isaNames[l], func(t *testing.T) {
			acceltest.RunAll(t, func(t testing.TB) accel.Device {
				d, err := New(Config{Threads: 2, ISA: isaNames[l]})
				require.NoError(t, err)
				assert.Contains(t, d.Info().Name, l.String()+" on ")
				return d
			})
		})
	}
}

func TestAutoTakesTheMostTheProcessorHas(t *testing.T) {
	for _, name := range []string{"", "auto"} {
		l, err := choose(name)
		require.NoError(t, err)
		assert.Equal(t, detect(), l)
	}
}

func TestInstructionsThatAreNotThereAreRefused(t *testing.T) {
	for l := detect() + 1; l <= avx512; l++ {
		_, err := New(Config{ISA: isaNames[l]})
		require.ErrorContains(t, err, "cpu device: isa "+isaNames[l]+": this processor, or this build, has no more than "+isaNames[detect()])
	}
	_, err := New(Config{ISA: "sse9"})
	require.EqualError(t, err, `cpu device: isa "sse9" is not one of auto, generic, avx2, avx512`)
}
