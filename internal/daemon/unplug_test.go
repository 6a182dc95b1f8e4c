package daemon

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/internal/testkit/shaky"
	"ttad/internal/testkit/tinymodel"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
	"ttad/tta/builtin"
)

// Ways to fail.
var (
	unplugged  = &shaky.Trouble{Err: fmt.Errorf("pulled: %w", accel.ErrLost)}
	crowded    = &shaky.Trouble{Err: fmt.Errorf("another process: %w", accel.ErrOutOfMemory)}
	confused   = &shaky.Trouble{Err: errors.New("launch failed")}
	wrong      = &shaky.Trouble{Add: 1}
	numberless = &shaky.Trouble{Add: float32(math.NaN())}
)

// lane is an engine over a group on given devices, whose answers are kept.
type lane struct {
	t       *testing.T
	engine  *engine
	answers []tta.Prediction
	events  []stream.Event
}

func (l *lane) Commit(_ context.Context, p *stream.Parcel, answers [][]tta.Prediction) (stream.Receipt, error) {
	for i := range p.Batch.Items {
		require.Len(l.t, answers[i], l.published(), "one answer an input and pipeline")
		l.answers = append(l.answers, answers[i]...)
	}
	return stream.Receipt{}, nil
}

// published is how many pipelines publish answers.
func (l *lane) published() (n int) {
	for _, p := range l.engine.group.Config.Pipelines {
		if p.Role != tta.Shadow {
			n++
		}
	}
	return n
}

func (l *lane) Publish(ev stream.Event) { l.events = append(l.events, ev) }

// newLane opens a group whose answers depend on everything before them.
func newLane(t *testing.T, devices ...accel.Device) *lane {
	t.Helper()
	return laneOf(t, "[bnema: {momentum: 0.3, min_rows: 1}, labelshift: {}]", devices...)
}

func laneOf(t *testing.T, strategies string, devices ...accel.Device) *lane {
	t.Helper()
	still := func() time.Time { return time.Unix(0, 0) } // for answers without timings
	return openLane(t, "[{name: main, strategies: "+strategies+"}]", still, devices...)
}

func openLane(t *testing.T, pipelines string, now func() time.Time, devices ...accel.Device) *lane {
	t.Helper()
	dir := t.TempDir()
	tinymodel.Write(t, dir, "tiny.onnx", tinymodel.Bytes())
	text := `
version: 1
bus: {embedded: {store_dir: x}}
groups:
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 4}
    feedback: {}
    pipelines: ` + pipelines + `
`
	f, err := configs.Load(dir+"/ttad.yaml", []byte(text), builtin.Registry(), nil)
	require.NoError(t, err)
	g, err := OpenGroup("g", f.Groups["g"], GroupOptions{
		Dir: dir, Devices: devices, Registry: builtin.Registry(), Log: zerolog.Nop(), Now: now,
	})
	require.NoError(t, err)
	l := &lane{t: t}
	l.engine = &engine{group: g, committer: l, metrics: newMetrics().forGroup("g"), published: l, log: zerolog.Nop()}
	l.engine.watchDevice()
	t.Cleanup(func() {
		require.NoError(t, g.Close())
		require.NoError(t, CloseDevices(devices))
	})
	return l
}

func processorOf(t *testing.T) accel.Device {
	t.Helper()
	d, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	return d
}

// play answers batches of 1 to 4 rows.
func (l *lane) play(from, to int, before func(batch int)) {
	l.t.Helper()
	for i := from; i < to; i++ {
		if before != nil {
			before(i)
		}
		n := 1 + i%4
		b := stream.NewBatcher(stream.BatchConfig{MaxRows: n, MaxDelay: time.Hour, MaxBytes: 1 << 20, GroupBy: "none", MaxKeys: 1}, false)
		for k := range n {
			d := &stream.Delivery{Item: tta.Item{ID: fmt.Sprint(i, k), Seq: uint64(4*i + k + 1), Rows: 1}, Attempt: 1}
			in := []*accel.Tensor{accel.TensorOf(tinymodel.Row(4*i+k), tinymodel.Shape(1)...)}
			for _, p := range b.Add(time.Now(), d, in) {
				require.NoError(l.t, l.engine.onParcel(l.t.Context(), p))
			}
		}
	}
}

// Unplugged in the middle of a stream: the answers, to the bit, and what strategies
// have learned are those of a group that never had the device.
func TestAStreamGoesOnFromTheSameStateWhenItsDeviceIsUnplugged(t *testing.T) {
	alone := newLane(t, processorOf(t))
	alone.play(0, 30, nil)
	for name, trouble := range map[string]*shaky.Trouble{"unplugged": unplugged, "no memory": crowded, "wrong numbers": numberless, "unplugged while it works": unplugged, "panics": {Panic: "index 3 of 2"}, "panics while it works": {Panic: "index 3 of 2"}} {
		t.Run(name, func(t *testing.T) {
			device := shaky.New(t)
			device.Late = strings.HasSuffix(name, "works")
			l := newLane(t, device, processorOf(t))
			l.play(0, 30, func(batch int) {
				if batch == 11 {
					device.Suffer(trouble)
				}
			})
			assert.Equal(t, alone.answers, l.answers)
			assert.Equal(t, alone.engine.group.Pipelines.Readings(), l.engine.group.Pipelines.Readings())
			assert.Nil(t, l.engine.group.Model.placing.device)

			require.Len(t, l.events, 1)
			ev := l.events[0]
			assert.Equal(t, "device.retired", ev.Kind)
			assert.Equal(t, stream.Warn, ev.Severity)
			assert.Equal(t, "shaky", ev.Evidence["device"])
			assert.GreaterOrEqual(t, ev.Step, uint64(12))
			assert.Equal(t, 1., testutil.ToFloat64(l.engine.metrics.deviceRetired))
		})
	}
}

// The canary comes between two batches, and a device it condemns is gone for the next.
func TestTheCanaryIsTakenBetweenBatches(t *testing.T) {
	device := shaky.New(t)
	l := newLane(t, device, processorOf(t))
	assert.Equal(t, 0., testutil.ToFloat64(l.engine.metrics.deviceRetired))
	device.Suffer(wrong)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	l.engine.turn.Lock()
	go func() {
		defer close(done)
		l.engine.keepTesting(ctx, time.Millisecond)
	}()
	assert.NotNil(t, l.engine.group.Model.placing.device, "who has the turn is not disturbed")
	l.engine.turn.Unlock()
	for retired := false; !retired; {
		l.engine.turn.Lock()
		retired = l.engine.group.Model.placing.device == nil
		l.engine.turn.Unlock()
	}
	cancel()
	<-done
	l.play(0, 2, nil)
	alone := newLane(t, processorOf(t))
	alone.play(0, 2, nil)
	assert.Equal(t, alone.answers, l.answers)
	require.Len(t, l.events, 1)
	assert.Equal(t, "canary", l.events[0].Evidence["reason"])
}

// What befell a device before the engine was there is told once it is.
func TestADeviceThatFailsAtTheStartIsToldOf(t *testing.T) {
	device := shaky.New(t)
	device.Suffer(wrong)
	l := newLane(t, device, processorOf(t))
	require.Len(t, l.events, 1)
	assert.Equal(t, "device.retired", l.events[0].Kind)
}

func TestOverlaysKeepTheirMomentsWhenTheDeviceFails(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	in, o := rowsOf(4), halfBatch(d.graph)
	keep := models.Keep{Features: true, Moments: true}
	want, err := d.placing.processor.session.Forward(t.Context(), in, 4, &o, keep)
	require.NoError(t, err)
	d.device.Suffer(unplugged)
	got, err := d.step(t.Context(), in, &o, keep)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
