package labelshift

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trained is a strategy that has seen a shifted stream.
func trained(t testing.TB, change func(*Config)) *Strategy {
	t.Helper()
	s, r := build(t, 5, change), rand.New(rand.NewPCG(21, 22))
	for range 4 {
		logits, _ := gauss(r, 30, []float64{0.6, 0.2, 0.1, 0.05, 0.05})
		answer(t, s, logits)
	}
	return s
}

func bbse(c *Config) { c.Estimate, c.Confusion = EstimateBBSE, "testdata/confusion.json" }

func TestASnapshotIsRestoredAndResetForgetsIt(t *testing.T) {
	for name, change := range map[string]func(*Config){"default": asIs, "bbse": bbse} {
		t.Run(name, func(t *testing.T) {
			s, other := trained(t, change), build(t, 5, change)
			fresh := other.Prior()
			blob, err := s.Snapshot()
			require.NoError(t, err)
			require.NoError(t, other.Restore(blob))
			assert.Equal(t, s.estimate.now, other.estimate.now)
			assert.Equal(t, s.estimate.predicted, other.estimate.predicted)
			assert.Equal(t, s.ratio, other.ratio)
			other.Reset()
			assert.Equal(t, fresh, other.Prior())
			assert.Nil(t, other.ratio)
		})
	}
}

func TestSnapshotsOfAnotherKindAreRefused(t *testing.T) {
	s := trained(t, asIs)
	good, err := s.Snapshot()
	require.NoError(t, err)
	other, err := trained(t, func(c *Config) { c.Estimate = EstimateEM }).Snapshot()
	require.NoError(t, err)
	wider, err := trained(t, bbse).Snapshot()
	require.NoError(t, err)
	for want, blob := range map[string][]byte{
		"another estimate than mean_softmax":                   other,
		"one of estimate mean_softmax over 5 classes has":      wider,
		"not a snapshot of labelshift, version 1":              append([]byte("l"), good[:len(good)-1]...),
		"shares are no distribution":                           append(bytes.Clone(good[:len(good)-8]), 0, 0, 0, 0, 0, 0, 0, 0),
		"snapshot of 0 bytes, one of estimate mean_softmax ov": nil,
	} {
		t.Run(want, func(t *testing.T) {
			require.ErrorContains(t, s.Restore(blob), want)
			after, err := s.Snapshot()
			require.NoError(t, err)
			assert.Equal(t, good, after)
		})
	}
}

// Whatever Restore takes, it goes on from: the estimate stays a distribution.
func FuzzRestore(f *testing.F) {
	blob, err := trained(f, asIs).Snapshot()
	require.NoError(f, err)
	f.Add(blob)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := build(t, 5, asIs)
		if s.Restore(data) != nil {
			return
		}
		again, err := s.Snapshot()
		require.NoError(t, err)
		require.Equal(t, data, again)
		logits, _ := gauss(rand.New(rand.NewPCG(1, 2)), 3, uniform(5))
		answer(t, s, logits)
		require.True(t, isPrior(s.Prior()))
	})
}
