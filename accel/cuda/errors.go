package cuda

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ttad/accel"
)

// Error is what a function of the driver library answered.
type Error struct {
	Call string // the function
	Code int    // of CUresult
	Name string // of the code, as the library has it; empty if it knows none
	Text string // what it means, likewise
}

// Error names the call, the code and what the library says of it.
func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: error %d, which the driver has no name for", e.Call, e.Code)
	}
	return fmt.Sprintf("%s: %s (%d): %s", e.Call, e.Name, e.Code, e.Text)
}

// Codes of CUresult that something is made of.
const (
	codeOutOfMemory   = 2
	codeNoDevice      = 100
	codeInvalidDevice = 101
	codeNotReady      = 600
	codeNoCompiler    = 221
)

// Unwrap is the error of package accel that the code amounts to, if any.
func (e *Error) Unwrap() error {
	switch e.Code {
	case codeOutOfMemory:
		return accel.ErrOutOfMemory
	case codeNoDevice, codeInvalidDevice:
		return accel.ErrNoDevice
	}
	if lost(e.Code) {
		return accel.ErrLost
	}
	return nil
}

// lost says of a code that the context is of no use any more: the driver answers
// every later call with it, and only a new context, if any, goes on.
func lost(code int) bool {
	switch code {
	case 4, // the driver shuts down
		46,            // the card was taken away or is another's
		214, 220, 721, // memory or link of the card failed
		700, 714, 715, 716, 717, 718, 719, // a kernel went astray
		702,      // a kernel took longer than a card with a screen lets it
		709, 201, // the context is gone
		802, // the card is not ready, or no longer
		999: // unknown: what a card that fell off the bus gives
		return true
	}
	return false
}

// Files that say why a driver library finds no card.
const (
	controlFile = "/dev/nvidiactl"
	visible     = "CUDA_VISIBLE_DEVICES"
)

// unavailable is cuInit's error with the reason that a look around gives: the library
// tells a card that is not there from one that is not allowed by no code at all.
func unavailable(err error) error { return explain(err, controlFile, os.Getenv(visible)) }

func explain(err error, control, cards string) error {
	if hidden := strings.TrimSpace(cards); hidden == "-1" || hidden == "none" || hidden == "NoDevFiles" {
		return fmt.Errorf("%w: %w; %s=%s hides the cards", accel.ErrNoDevice, err, visible, cards)
	}
	f, openErr := os.OpenFile(control, os.O_RDWR, 0)
	switch {
	case openErr == nil:
		_ = f.Close() // nothing was written
		return fmt.Errorf("%w; nvidia-smi may say more", err)
	case errors.Is(openErr, fs.ErrPermission):
		return fmt.Errorf("no permission for the card: %w (the process must be able to read and write %s: see its group): %w", openErr, control, err)
	case errors.Is(openErr, fs.ErrNotExist):
		return fmt.Errorf("%w: %w; %s is not there: the driver's kernel module is not loaded, or the container was started without the card", accel.ErrNoDevice, err, control)
	}
	return fmt.Errorf("%w; %w", err, openErr)
}
