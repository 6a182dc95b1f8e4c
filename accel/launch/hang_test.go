package launch_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/ptx"
)

// hung is a session on a device whose marks are never reached, with a batch
// queued. Nothing of it may wait for ever, whatever is done first.
func hung(t *testing.T) (*session, *rig) {
	t.Helper()
	r := newRig(t, ptx.Options{})
	r.patience = time.Millisecond
	s := begin(t, r.device(t), small(), 4)
	s.run(rowsOf(4, 1), nil)
	r.held = true
	_, err := s.queue(rowsOf(4, 2), blend(0.5))
	require.NoError(t, err)
	return s, r
}

func TestADeviceThatHangsIsLost(t *testing.T) {
	s, r := hung(t)
	other, err := s.device.NewStream()
	require.NoError(t, err)
	x, err := s.device.Alloc(28)
	require.NoError(t, err)
	require.NoError(t, other.Upload(x, make([]float32, 28)))
	mark, err := other.(accel.Marker).Mark()
	require.NoError(t, err)

	err = s.stream.Sync(context.Background())
	require.ErrorIs(t, err, accel.ErrLost)
	require.ErrorContains(t, err, "it hangs")
	calls := r.calls
	assert.ErrorIs(t, s.stream.Sync(context.Background()), accel.ErrLost)
	assert.ErrorIs(t, mark.Wait(context.Background()), accel.ErrLost, "of whatever queue")
	_, err = s.queue(rowsOf(4, 3), nil)
	assert.ErrorIs(t, err, accel.ErrLost)
	_, err = s.device.Alloc(1)
	assert.ErrorIs(t, err, accel.ErrLost)
	_, err = s.device.Compile(small(), 4)
	assert.ErrorIs(t, err, accel.ErrLost)
	require.NoError(t, other.Close())
	require.NoError(t, x.Free())
	s.end()
	assert.Equal(t, calls, r.calls, "the driver is left alone, with what the device may still write to")
	assert.Zero(t, s.device.BytesInUse())
}

// The first to wait is whoever closes something.
func TestClosingEndsWhereADeviceHangs(t *testing.T) {
	first := map[string]func(s *session) error{
		"stream": func(s *session) error { return s.stream.Close() },
		"buffer": func(s *session) error { return s.in.Free() },
		"exec":   func(s *session) error { return s.exec.Close() },
	}
	for name, close := range first {
		t.Run(name, func(t *testing.T) {
			s, r := hung(t)
			require.NoError(t, close(s))
			calls := r.calls
			for other, close := range first {
				if other != name {
					require.NoError(t, close(s))
				}
			}
			require.NoError(t, s.out.Free())
			assert.Equal(t, calls, r.calls)
		})
	}
}

// Far ahead of a device, queueing itself is a wait.
func TestQueueingEndsWhereADeviceHangs(t *testing.T) {
	s, _ := hung(t)
	var err error
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = s.queue(rowsOf(4, i), nil)
	}
	require.ErrorIs(t, err, accel.ErrLost)
	s.end()
}
