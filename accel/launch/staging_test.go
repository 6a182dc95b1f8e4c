package launch

import (
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPiecesOfHostMemory(t *testing.T) {
	for n, want := range map[int]int{
		1: 1024, 1024: 1024, 1025: 2048, 1<<20 - 1: 1 << 20, 1 << 20: 1 << 20, 1<<20 + 1: 2 << 20, 5<<20 - 3: 5 << 20,
	} {
		assert.Equal(t, want, pieceFor(n), "%d floats", n)
	}
}

func newStaging(t *testing.T) (*staging, *Idle) {
	t.Helper()
	driver := &Idle{}
	d, err := New(driver, zerolog.Nop())
	require.NoError(t, err)
	return &staging{device: d}, driver
}

func TestThePieceThatFitsBestServesAgain(t *testing.T) {
	g, driver := newStaging(t)
	g.idle = [][]float32{make([]float32, 8192), make([]float32, 2048), make([]float32, 1024), make([]float32, 8193)}
	p, err := g.borrow(1500)
	require.NoError(t, err)
	assert.Len(t, p, 2048)
	p, err = g.borrow(1500)
	require.NoError(t, err)
	assert.Len(t, p, 8192, "the next best")
	p, err = g.borrow(1500)
	require.NoError(t, err)
	assert.Len(t, p, 2048, "what is left is too short, or for more")
	assert.Equal(t, 1, driver.host)
}

func TestHostMemoryIsBounded(t *testing.T) {
	g, _ := newStaging(t)
	fly := func(floats int) {
		require.False(t, g.full(floats))
		p, err := g.borrow(floats)
		require.NoError(t, err)
		g.flying = append(g.flying, transfer{host: p, at: place(len(g.flying) + 1)})
	}
	fly(maxStagedFloats - coarseStep)
	require.True(t, g.full(coarseStep+1), "too much at a time")
	fly(coarseStep)
	require.NoError(t, g.land(2))
	require.False(t, g.full(2*maxStagedFloats), "but a single transfer is never refused")
	fly(maxStagedFloats + coarseStep)
	assert.Equal(t, maxStagedFloats+coarseStep, g.floats, "what was idle made room")
	require.NoError(t, g.land(1))
	for range maxTransfers {
		fly(1)
	}
	require.True(t, g.full(1), "too many at a time")
}

func TestTransfersLandInOrder(t *testing.T) {
	g, _ := newStaging(t)
	dst := make([]float32, 3)
	for i := range dst {
		host, err := g.borrow(1)
		require.NoError(t, err)
		host[0] = float32(i + 1)
		g.flying = append(g.flying, transfer{host: host, n: 1, at: place(i + 1), dst: dst[i : i+1]})
	}
	require.NoError(t, g.land(2))
	assert.Equal(t, []float32{1, 2, 0}, dst, "the third is on its way")
	require.NoError(t, g.land(3))
	assert.Equal(t, []float32{1, 2, 3}, dst)
}
