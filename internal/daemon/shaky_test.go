package daemon

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
)

// shaky is the processor under another name that can be told to fail.
type shaky struct {
	accel.Device
	lacks   string               // kind of operator it has no kernel for
	room    int                  // rows beyond which plans do not fit its memory; 0 is any
	trouble atomic.Pointer[fate] // of runs from now on; nil is none
	runs    atomic.Int64
}

// fate is what becomes of a run.
type fate struct {
	err   error   // reported by Sync
	value float32 // or added to every output
}

func newShaky(t testing.TB) *shaky {
	t.Helper()
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	return &shaky{Device: d}
}

func (d *shaky) Info() accel.Info {
	return accel.Info{Kind: "shaky", Name: "a card", Driver: "1.0", Type: "gpu", Memory: 1 << 20}
}

func (d *shaky) Stats() accel.Stats { return accel.Stats{MemoryBytes: 4096} }

func (d *shaky) Supports(p *accel.Program, step int) error {
	if s := p.Steps[step]; s.Op.Kind() == d.lacks {
		return accel.Unsupported(s, "no kernel")
	}
	return d.Device.Supports(p, step)
}

func (d *shaky) Compile(p *accel.Program, maxRows int) (accel.Exec, error) {
	if d.room > 0 && maxRows > d.room {
		return nil, fmt.Errorf("%d MB needed, 1 free: %w", maxRows, accel.ErrOutOfMemory)
	}
	return d.Device.Compile(p, maxRows)
}

func (d *shaky) NewStream() (accel.Stream, error) {
	s, err := d.Device.NewStream()
	return &shakyStream{Stream: s, device: d}, err
}

type shakyStream struct {
	accel.Stream
	device *shaky
	fate   *fate // of the last run
}

func (s *shakyStream) Run(e accel.Exec, rows int, a accel.Args) error {
	s.device.runs.Add(1)
	s.fate = s.device.trouble.Load()
	return s.Stream.Run(e, rows, a)
}

func (s *shakyStream) Download(dst []float32, src accel.Buffer) error {
	err := s.Stream.Download(dst, src)
	if s.fate != nil {
		for i := range dst {
			dst[i] += s.fate.value
		}
	}
	return err
}

func (s *shakyStream) Sync(ctx context.Context) error {
	err := s.Stream.Sync(ctx)
	if s.fate != nil {
		err = errors.Join(err, s.fate.err)
	}
	return err
}

// Ways to fail.
var (
	unplugged = &fate{err: fmt.Errorf("pulled: %w", accel.ErrLost)}
	crowded   = &fate{err: fmt.Errorf("another process: %w", accel.ErrOutOfMemory)}
	confused  = &fate{err: errors.New("launch failed")}
	wrong     = &fate{value: 1}
	nanny     = &fate{value: float32(math.NaN())}
)
