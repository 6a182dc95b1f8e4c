package acceltest

import (
	"testing"

	"ttad/accel"
)

// Open returns a device for one test, which closes it.
type Open func(t testing.TB) accel.Device

// RunAll runs every check.
func RunAll(t *testing.T, open Open) {
	t.Run("operators", func(t *testing.T) { runOperators(t, open) })
	t.Run("not numbers", func(t *testing.T) { runSpecials(t, open) })
	t.Run("functions", func(t *testing.T) { RunFunctions(t, open, Sweep{Every: 65_537, Ulps: 8, Flushed: true}) })
	t.Run("finished results", func(t *testing.T) { runFinished(t, open) })
	t.Run("corners", func(t *testing.T) { runCorners(t, open) })
	t.Run("norm rules", func(t *testing.T) { runNorms(t, open) })
	t.Run("programs", func(t *testing.T) { runPrograms(t, open) })
	t.Run("random programs", func(t *testing.T) { runRandom(t, open) })
	t.Run("random networks", func(t *testing.T) { runNetworks(t, open) })
	t.Run("random attributes", func(t *testing.T) { runAttributes(t, open) })
	t.Run("random shapes", func(t *testing.T) { runShapes(t, open) })
	t.Run("same bits", func(t *testing.T) { runSameBits(t, open) })
	t.Run("outputs", func(t *testing.T) { runOutputs(t, open) })
	t.Run("two streams", func(t *testing.T) { runStreams(t, open) })
	t.Run("queues", func(t *testing.T) { runQueues(t, open) })
	t.Run("index", func(t *testing.T) { runIndex(t, open) })
	t.Run("lifetimes", func(t *testing.T) { runLifetimes(t, open) })
	t.Run("refusals", func(t *testing.T) { runRefusals(t, open) })
}
