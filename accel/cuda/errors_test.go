package cuda

import (
	"errors"
	"fmt"
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
		set    bool
		absent bool
		says   string
	}{
		{name: "the cards are hidden", cards: "-1", set: true, absent: true, says: "CUDA_VISIBLE_DEVICES=-1 hides the cards"},
		{name: "all of them", set: true, absent: true, says: "CUDA_VISIBLE_DEVICES= hides the cards"},
		{name: "a card that is not here is named", cards: "7", set: true, says: "CUDA_VISIBLE_DEVICES=7 may name none that is here"},
		{name: "no kernel module", open: fs.ErrNotExist, absent: true, says: "kernel module is not loaded, or the container was started without the card"},
		{name: "no permission", open: &fs.PathError{Op: "open", Path: controlFile, Err: fs.ErrPermission}, says: "no permission for the card: open /dev/nvidiactl: permission denied"},
		{name: "something else", open: errors.New("input/output error"), says: "input/output error: the driver's kernel module does not answer"},
		{name: "nothing to be seen", says: "nvidia-smi may say more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := explain(answer, func() error { return tt.open }, tt.cards, tt.set)
			require.ErrorContains(t, err, tt.says)
			require.ErrorContains(t, err, "CUDA_ERROR_NO_DEVICE (100)")
			if tt.absent {
				assert.ErrorIs(t, err, accel.ErrNoDevice)
			}
		})
	}
}

// Codes that need no look around say what to do.
func TestWhatHelpsAgainstALibraryThatDoesNotFit(t *testing.T) {
	for code, says := range map[int]string{34: "stubs", 803: "restart the machine", 804: "cuda-compat"} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			require.ErrorContains(t, unavailable(&Error{Call: "cuInit", Code: code}), says)
		})
	}
}
