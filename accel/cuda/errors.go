package cuda

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

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
		214, 220, 226, // memory or link of the card failed
		700, 714, 715, 716, 717, 718, 719, 721, // a kernel went astray
		702,      // a kernel took longer than a card with a screen lets it
		709, 201, // the context is gone
		802,      // the card is not ready, or no longer
		806, 810, // so is the server through which processes share it
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

// unavailable is cuInit's error with the reason that a look around gives: by its code
// alone, a card that is not there is one that is not allowed.
func unavailable(err error) error {
	if help := remedy(err); help != "" {
		return fmt.Errorf("%w: %s", err, help)
	}
	cards, set := os.LookupEnv(visible)
	return explain(err, openControl, cards, set)
}

// remedy is what helps against codes that say by themselves what is wrong.
func remedy(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code {
	case 34:
		return "this library is the toolkit's stand-in, for linking only: take its folder, stubs, off LD_LIBRARY_PATH"
	case 803:
		return "the library and the kernel module are of different versions of NVIDIA's driver: restart the machine, or update the container"
	case 804:
		return "the container brings a library that this card does not take: remove its cuda-compat package"
	}
	return ""
}

// openControl tries what the library does first.
func openControl() error {
	f, err := os.OpenFile(controlFile, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func explain(err error, control func() error, cards string, set bool) error {
	if set && (cards == "" || cards == "-1") {
		return fmt.Errorf("%w: %w; %s=%s hides the cards", accel.ErrNoDevice, err, visible, cards)
	}
	why := control()
	switch {
	case why == nil && set:
		return fmt.Errorf("%w; %s=%s may name none that is here, nvidia-smi -L lists them", err, visible, cards)
	case why == nil:
		return fmt.Errorf("%w; nvidia-smi may say more", err)
	case errors.Is(why, fs.ErrPermission):
		return fmt.Errorf("%w; no permission for the card: %w: give the process the group of the file", err, why)
	case errors.Is(why, fs.ErrNotExist):
		return fmt.Errorf("%w: %w; %w: the driver's kernel module is not loaded, or the container was started without the card", accel.ErrNoDevice, err, why)
	}
	return fmt.Errorf("%w; %w: the driver's kernel module does not answer: is it loaded? lsmod lists it as nvidia", err, why)
}
