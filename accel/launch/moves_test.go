package launch

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// What one queue waits for is behind the work of others: as long as that gets done, the
// device is slow and no more.
func TestADeviceAtWorkForOtherQueuesDoesNotHang(t *testing.T) {
	d, err := New(&Idle{}, zerolog.Nop())
	require.NoError(t, err)
	began := time.Now().Add(-2 * patience)
	d.moved()
	require.NoError(t, d.moves(began))
	d.progress.Store(began.UnixNano())
	require.ErrorIs(t, d.moves(began), accel.ErrLost)
	d.moved()
	require.ErrorIs(t, d.moves(time.Now()), accel.ErrLost, "a device is given up once")
}

func TestADriverSaysHowSlowItsDeviceIs(t *testing.T) {
	d, err := New(&Idle{}, zerolog.Nop())
	require.NoError(t, err)
	d.limits.Patience = 4 * patience
	began := time.Now().Add(-2 * patience)
	require.NoError(t, d.moves(began))
}
