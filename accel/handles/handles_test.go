package handles_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel/handles"
)

func Example() {
	open := handles.New("toy device")
	buffer, _ := open.Open("buffer of 3 floats")
	stream, _ := open.Open("stream")
	fmt.Println(open.Close())
	fmt.Println(open.Release(buffer), open.Release(stream))
	fmt.Println(open.Close())
	_, err := open.Open("stream")
	fmt.Println(err)
	// Output:
	// toy device is in use: #1 buffer of 3 floats, #2 stream
	// <nil> <nil>
	// <nil>
	// open stream: toy device is closed
}

func TestWhatIsReleasedIsGone(t *testing.T) {
	open := handles.New("toy device")
	id, err := open.Open("stream")
	require.NoError(t, err)
	assert.True(t, open.Has(id))
	assert.False(t, open.Has(id+1), "never given out")
	require.NoError(t, open.Release(id))
	assert.False(t, open.Has(id))
	require.EqualError(t, open.Release(id), "toy device: #1 is closed already")
	again, err := open.Open("stream")
	require.NoError(t, err)
	assert.NotEqual(t, id, again, "a number is given once")
}

func TestAClosedSetStaysClosed(t *testing.T) {
	open := handles.New("toy device")
	require.NoError(t, open.Close())
	require.EqualError(t, open.Close(), "toy device is closed already")
	require.EqualError(t, open.Release(1), "toy device: #1 is closed already")
}

func TestEverybodyGetsANumberOfTheirOwn(t *testing.T) {
	open := handles.New("toy device")
	const each, many = 100, 8
	ids := make([][]int, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			for range each {
				id, err := open.Open("buffer")
				assert.NoError(t, err)
				ids[i] = append(ids[i], id)
			}
		})
	}
	wg.Wait()
	for _, list := range ids {
		for _, id := range list {
			require.NoError(t, open.Release(id), "given out once")
		}
	}
	require.NoError(t, open.Close())
}
