package cuda

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// The library finds no card; a look around says why.
func TestWhyTheLibraryFindsNoCard(t *testing.T) {
	answer := &Error{Call: "cuInit", Code: codeNoDevice, Name: "CUDA_ERROR_NO_DEVICE", Text: "no CUDA-capable device is detected"}
	tests := []struct {
		name   string
		open   error // of the control file
		cards  string
		absent bool
		says   string
	}{
		{name: "the cards are hidden", cards: "-1", absent: true, says: "CUDA_VISIBLE_DEVICES=-1 hides the cards"},
		{name: "no kernel module", open: fs.ErrNotExist, absent: true, says: "kernel module is not loaded, or the container was started without the card"},
		{name: "no permission", open: &fs.PathError{Op: "open", Path: controlFile, Err: fs.ErrPermission}, says: "no permission for the card: open /dev/nvidiactl: permission denied"},
		{name: "something else", open: errors.New("input/output error"), says: "input/output error"},
		{name: "nothing to be seen", says: "nvidia-smi may say more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := explain(answer, func() error { return tt.open }, tt.cards)
			require.ErrorContains(t, err, tt.says)
			require.ErrorContains(t, err, "CUDA_ERROR_NO_DEVICE (100)")
			if tt.absent {
				assert.ErrorIs(t, err, accel.ErrNoDevice)
			}
		})
	}
}
