//go:build noaccel

package dynlib

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABinaryWithoutAcceleratorsFindsNoLibrary(t *testing.T) {
	require.False(t, Built)
	_, err := Open("libc.so.6")
	require.ErrorIs(t, err, ErrNotThere)
	require.ErrorContains(t, err, "-tags noaccel")
}
