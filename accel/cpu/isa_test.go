package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu/kernel"
)

// available are the instructions this processor and this build have.
func available() []instructions {
	var all []instructions
	for l := range isaNames {
		if _, err := kernel.New(isaNames[l]); err == nil {
			all = append(all, instructions(l))
		}
	}
	return all
}

// detect is the best of them, which has the largest number.
func detect() instructions { return slices.Max(available()) }

// Every set of instructions this processor has passes the conformance suite, and
// the device says which it works with.
func TestADeviceWorksWithTheInstructionsItIsGiven(t *testing.T) {
	if testing.Short() {
		t.Skip("TestDevice has the best of them; workers share the others alike")
	}
	for _, l := range available() {
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
	for l, name := range isaNames {
		if slices.Contains(available(), instructions(l)) {
			continue
		}
		_, err := New(Config{ISA: name})
		require.ErrorContains(t, err, "cpu device: isa "+name+": ")
		require.ErrorContains(t, err, "this processor and build have "+isaNames[detect()])
	}
	_, err := New(Config{ISA: "sse9"})
	require.EqualError(t, err, `cpu device: isa "sse9" is not one of auto, generic, avx2, avx512, neon`)
}
