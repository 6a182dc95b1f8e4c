package shaky

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
)

// Kind is what the device calls itself.
const Kind = "shaky"

// Memory is what it says it has, and InUse what of it is in use; in bytes.
const (
	Memory = 1 << 20
	InUse  = 4096
)

// Device is the processor, made unreliable. Its fields are set before it is used; the
// rest may be called from any goroutine.
type Device struct {
	accel.Device
	Lacks string // kind of operator it has no kernel for
	Room  int    // rows beyond which plans do not fit its memory; 0 is any number
	Late  bool   // work is queued, and done when somebody waits for it; buffers must live until then

	trouble atomic.Pointer[Trouble]
	runs    atomic.Int64
}

// Trouble is what becomes of runs.
type Trouble struct {
	Err   error   // the wait's error
	Add   float32 // added to every result
	Panic string  // what the device's own code panics with; empty does not
	// Hang has waits last until their context ends. Those whose context does not
	// find that the device is lost.
	Hang bool
}

// hold is the wait for a device that hangs.
func (t *Trouble) hold(ctx context.Context) error {
	if t == nil || !t.Hang {
		return nil
	}
	if ctx.Done() == nil {
		return fmt.Errorf("it hangs: %w", accel.ErrLost)
	}
	<-ctx.Done()
	return ctx.Err()
}

// New starts a processor of one worker. Whoever is given the device closes it.
func New(t testing.TB) *Device {
	t.Helper()
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	return &Device{Device: d}
}

// Suffer makes every run from now on come to grief; nil makes the device sound again.
func (d *Device) Suffer(t *Trouble) { d.trouble.Store(t) }

// Runs counts runs, those that failed too.
func (d *Device) Runs() int { return int(d.runs.Load()) }

// Info describes a card.
func (d *Device) Info() accel.Info {
	return accel.Info{Kind: Kind, Name: "a card", Driver: "1.0", Type: "gpu", Memory: Memory}
}

// Stats tells that some memory is in use.
func (d *Device) Stats() accel.Stats { return accel.Stats{MemoryBytes: InUse} }

// Supports refuses what the device lacks.
func (d *Device) Supports(p *accel.Program, step int) error {
	if s := p.Steps[step]; s.Op.Kind() == d.Lacks {
		return accel.Unsupported(s, "no kernel")
	}
	return d.Device.Supports(p, step)
}

// Compile refuses what there is no room for.
func (d *Device) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if d.Room > 0 && maxRows > d.Room {
		return nil, fmt.Errorf("%d MB needed, %d there: %w", maxRows, d.Room, accel.ErrOutOfMemory)
	}
	return d.Device.Compile(p, maxRows)
}

// NewStream returns a stream that suffers as the device does.
func (d *Device) NewStream() (accel.Stream, error) {
	s, err := d.Device.NewStream()
	if err != nil {
		return nil, err
	}
	at := &stream{Stream: s, device: d}
	if d.Late {
		return &late{stream: at}, nil
	}
	return at, nil
}
