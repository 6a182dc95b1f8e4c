package reloop

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/tta"
)

// taught returns a small strategy that has learned a few labels.
func taught(t testing.TB) *Strategy {
	cfg := NewConfig()
	cfg.Slots = 4
	s, err := New(tta.Env{Classes: 2, FeatureWidth: 3, Model: "test"}, cfg)
	require.NoError(t, err)
	for i := range 6 {
		kept := []float32{1, float32(i), 2, 0.7, 0.3, -0.2, 0.2}
		require.NoError(t, s.Learn(t.Context(), []tta.Feedback{{Row: uint64(i), Label: i % 2, Revises: -1, Weight: 1, Kept: kept}}))
	}
	return s
}

// sealed returns a copy of a snapshot under a checksum that fits.
func sealed(blob []byte) []byte {
	b := append([]byte{}, blob...)
	if len(b) >= head {
		binary.LittleEndian.PutUint32(b[len(magic):], checksum(b))
	}
	return b
}

func TestNumbersThatAreNoneAreRefused(t *testing.T) {
	s := taught(t)
	good, err := s.Snapshot()
	require.NoError(t, err)
	require.NoError(t, s.Restore(good))
	for _, c := range []struct {
		at    int
		value float64
	}{{0, math.NaN()}, {4, math.Inf(1)}, {5, -1}, {5, math.NaN()}, {12, math.Inf(1)}} {
		bad := append([]byte{}, good...)
		binary.LittleEndian.PutUint64(bad[head+8*c.at:], math.Float64bits(c.value))
		require.ErrorContains(t, s.Restore(sealed(bad)), "for a sum or a count", "%g in place %d", c.value, c.at)
		after, err := s.Snapshot()
		require.NoError(t, err)
		assert.Equal(t, good, after)
	}
}

func FuzzRestore(f *testing.F) {
	s := taught(f)
	good, err := s.Snapshot()
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, blob []byte) {
		want, err := s.Snapshot()
		require.NoError(t, err)
		if blob = sealed(blob); s.Restore(blob) == nil {
			want = blob
		}
		after, err := s.Snapshot()
		require.NoError(t, err)
		assert.Equal(t, want, after, "either all of it is taken over, or nothing")
		assert.True(t, s.weight() >= 0 && s.weight() <= s.cfg.Weight, "weight %g", s.weight())
	})
}
