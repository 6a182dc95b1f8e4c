package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/testkit/shaky"
	"ttad/models"
	"ttad/tta"
)

// keeper is a shaky device that holds indexes, while there is room for them.
type keeper struct {
	*shaky.Device
	full bool
	made int
}

func (k *keeper) NewIndex(dim, capacity int) (accel.Index, error) {
	if k.full {
		return nil, fmt.Errorf("%d keys: %w", capacity, accel.ErrOutOfMemory)
	}
	k.made++
	return k.Device.Device.(accel.Indexer).NewIndex(dim, capacity)
}

const remembering = "[reloop: {slots: 64, neighbors: 4, adapt_weight: false}]"

// A reload builds pipelines on what is in service then.
func TestNothingIsMadeOnARetiredDevice(t *testing.T) {
	for name, trouble := range map[string]*shaky.Trouble{"gone": unplugged, "wrong": wrong} {
		t.Run(name+" at the start", func(t *testing.T) {
			k := &keeper{Device: shaky.New(t)}
			k.Suffer(trouble)
			l := laneOf(t, remembering, k, processorOf(t))
			assert.Zero(t, k.made)
			l.play(0, 3, nil)
		})
		t.Run(name+" later", func(t *testing.T) {
			k := &keeper{Device: shaky.New(t)}
			l := laneOf(t, remembering, k, processorOf(t))
			require.Equal(t, 1, k.made)
			during, err := l.engine.group.With(l.engine.group.Config.Pipelines)
			require.NoError(t, err)
			k.Suffer(trouble)
			l.engine.group.Model.placing.check(t.Context())
			require.False(t, l.engine.group.Model.onDevice())
			made := k.made
			fresh, err := l.engine.group.With(l.engine.group.Config.Pipelines)
			require.NoError(t, err)
			assert.Equal(t, made, k.made)
			l.engine.group.Retire(fresh)
			l.engine.group.Retire(during)
			l.play(0, 3, nil)
		})
	}
}

func TestAnIndexTheDeviceDoesNotTakeIsOnTheCPU(t *testing.T) {
	k := &keeper{Device: shaky.New(t), full: true}
	l := laneOf(t, remembering, k, processorOf(t))
	l.play(0, 3, nil)
	assert.True(t, l.engine.group.Model.onDevice(), "forwards are not concerned")
}

// One forward of every step fails, and is not excused by those that do not.
func TestFailuresAreCountedByStep(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	in := rowsOf(3)
	for range maxFailures {
		require.NotNil(t, d.placing.device)
		b := &tta.Batch{Rows: 3, Inputs: in}
		d.begin(t.Context(), b, nil)
		for _, trouble := range []*shaky.Trouble{nil, crowded} {
			d.device.Suffer(trouble)
			_, err := d.forward(t.Context(), b, &models.Overlay{}, models.Keep{})
			require.NoError(t, err)
		}
	}
	assert.Nil(t, d.placing.device)
	assert.Equal(t, []string{"out_of_memory", "out_of_memory", "out_of_memory, retired"}, d.reasons())
}

// An answer that does not come is not a wrong one.
func TestACanaryThatFailsOnceIsNotTheEnd(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	d.device.Suffer(crowded)
	d.check(t.Context())
	require.NotNil(t, d.placing.device)
	d.device.Suffer(nil)
	d.answer(t, rowsOf(3))
	d.device.Suffer(crowded)
	for range maxFailures {
		require.NotNil(t, d.placing.device)
		d.begin(t.Context(), &tta.Batch{Rows: 3, Inputs: rowsOf(3)}, nil)
		d.check(t.Context())
	}
	assert.Nil(t, d.placing.device)
}

// grudging compiles as it is told.
type grudging struct {
	*shaky.Device
	refusal func(rows int) error
}

func (p *grudging) Compile(program *accel.Program, maxRows int) (accel.Exec, error) {
	if err := p.refusal(maxRows); err != nil {
		return nil, err
	}
	return p.Device.Compile(program, maxRows)
}

// Whatever a device says to ever smaller batches, the CPU is for the largest.
func TestACPUPlanIsForTheLargestBatch(t *testing.T) {
	lost := errors.Join(errors.New("pulled"), accel.ErrLost)
	tests := []struct {
		name    string
		refusal func(rows int) error
		log     string
	}{
		{"too small", func(int) error { return accel.ErrOutOfMemory }, "it runs on the CPU"},
		{"too small, then gone", func(rows int) error {
			if rows > 4 {
				return accel.ErrOutOfMemory
			}
			return lost
		}, "it runs on the CPU"},
		{"gone", func(int) error { return lost }, "device runs nothing of this model"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &grudging{shaky.New(t), tt.refusal}
			processor := processorOf(t)
			var log bytes.Buffer
			g := seat(t, shaky.New(t), 8).graph
			p, err := place(t.Context(), g, []accel.Device{d, processor}, 8, zerolog.New(&log))
			require.NoError(t, err)
			assert.Nil(t, p.device)
			assert.Equal(t, 8, p.processor.plan.MaxRows())
			assert.Contains(t, log.String(), tt.log)
			require.NoError(t, p.close())
			require.NoError(t, CloseDevices([]accel.Device{d, processor}))
		})
	}
}

// The device is found to hang when the batch's deadline is long over. The batch is the
// CPU's then, within a deadline of its own.
func TestABatchOutlivesADeviceThatHangs(t *testing.T) {
	for name, late := range map[string]bool{"waited for": false, "queued": true} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { hang(t, late) }) })
	}
}

func hang(t *testing.T, late bool) {
	device := shaky.New(t)
	device.Late = late
	l := newLane(t, device, processorOf(t))
	l.play(0, 2, nil)
	device.Suffer(&shaky.Trouble{Hang: true})
	l.play(2, 5, nil)
	assert.Len(t, l.answers, 1+2+3+4+1)
	assert.False(t, l.engine.group.Model.onDevice())
	require.Len(t, l.events, 1)
	assert.Equal(t, "lost", l.events[0].Evidence["reason"])
}
