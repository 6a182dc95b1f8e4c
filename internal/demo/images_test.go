package demo_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/demo"
	"ttad/internal/testkit"
)

func TestBundledImagesAreBalanced(t *testing.T) {
	set, err := demo.LoadImages()
	require.NoError(t, err)
	require.Len(t, set.Pixels, 2000)
	counts := make([]int, demo.Classes)
	for i, label := range set.Labels {
		counts[label]++
		require.Len(t, set.Pixels[i], demo.Side*demo.Side)
	}
	for k, n := range counts {
		assert.Equal(t, 200, n, demo.ClassNames()[k])
	}
	assert.Len(t, demo.ClassNames(), demo.Classes)
}

// The sheet holds the published test images, byte for byte.
func TestBundledImagesAreTheOriginals(t *testing.T) {
	npy, err := os.ReadFile(testkit.Shared(t, "data", "fmnist", "clean.npy"))
	require.NoError(t, err)
	npy = npy[10+int(binary.LittleEndian.Uint16(npy[8:])):]
	set, err := demo.LoadImages()
	require.NoError(t, err)
	for i, img := range set.Pixels {
		require.Equal(t, npy[i*len(img):(i+1)*len(img)], img, "image %d", i)
	}
}
