//go:build linux && !noaccel

package daemon

import (
	"errors"
	"os"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cuda"
	"ttad/accel/cuda/cudatest"
	"ttad/accel/opencl/opencltest"
	"ttad/configs"
	"ttad/internal/testkit/tinymodel"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/tta"
)

// lost is what a driver answers when its card is gone.
const lost = 999

func card(t *testing.T) (accel.Device, *cudatest.Double) {
	t.Helper()
	double := cudatest.New(t, cudatest.Options{})
	d, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	return d, double
}

func TestWhyACardIsNotUsedNamesTheKindOnce(t *testing.T) {
	cfg := configs.DefaultDevice()
	cfg.Threads, cfg.Prefer = 1, []string{"cuda"}
	_, err := openDevices(cfg, zerolog.Nop(), func(string, configs.DeviceConfig, zerolog.Logger) (accel.Device, error) {
		return cuda.Open(cuda.Config{Library: "/nowhere/libcuda.so.1"}, zerolog.Nop())
	})
	require.ErrorContains(t, err, "add cpu to the list: cuda: no such device: no such library here: /nowhere/libcuda.so.1")
}

// The whole way: the CUDA device's host code over a driver that reports every mistake
// in its use, a stream on it, and the card pulled out while forwards are queued. Every
// input is answered once, as a group on the CPU would to rounding.
func TestAStreamOutlivesItsCard(t *testing.T) {
	alone := newLane(t, processorOf(t))
	alone.play(0, 10, nil)
	device, double := card(t)
	l := newLane(t, device, processorOf(t))
	require.True(t, l.engine.group.Model.placing.queues())
	launched := double.Calls("cuLaunchKernel")
	l.play(0, 10, func(batch int) {
		if batch == 5 {
			assert.Greater(t, double.Calls("cuLaunchKernel"), launched, "the card answers")
			double.Unplug(lost)
		}
	})
	assert.Nil(t, l.engine.group.Model.placing.device)
	require.Len(t, l.events, 1)
	assert.Equal(t, "lost", l.events[0].Evidence["reason"])
	require.Len(t, l.answers, len(alone.answers))
	for i, want := range alone.answers {
		got := l.answers[i]
		assert.Equal(t, want.Item, got.Item)
		assert.Equal(t, want.Rows[0].Class, got.Rows[0].Class)
		assert.InDeltaSlice(t, want.Rows[0].Probs, got.Rows[0].Probs, 1e-4)
	}
}

// The keys of an error memory are on the card, too. What was learned before it was
// pulled out is found afterwards, and learning goes on.
func TestAnErrorMemoryOutlivesItsCard(t *testing.T) {
	const strategies = "[reloop: {slots: 64, neighbors: 4, adapt_weight: false}]"
	teach := func(l *lane, batch int) {
		var labels []tta.Label
		for _, a := range l.answers[max(0, len(l.answers)-2):] {
			labels = append(labels, tta.Label{Seq: a.Item.Seq, Class: int(a.Item.Seq % 3)})
		}
		_, err := l.engine.onLabels(t.Context(), labels)
		require.NoError(t, err)
	}
	alone := laneOf(t, strategies, processorOf(t))
	alone.play(0, 14, func(batch int) { teach(alone, batch) })
	device, double := card(t)
	l := laneOf(t, strategies, device, processorOf(t))
	l.play(0, 14, func(batch int) {
		if batch == 7 {
			double.Unplug(lost)
		}
		teach(l, batch)
	})
	assert.Nil(t, l.engine.group.Model.placing.device)
	assert.Equal(t, alone.engine.group.Pipelines.Readings(), l.engine.group.Pipelines.Readings())
	moved := false
	for i, want := range alone.answers {
		got := l.answers[i]
		assert.Equal(t, want.Rows[0].Class, got.Rows[0].Class, "row %d", i)
		assert.InDeltaSlice(t, want.Rows[0].Probs, got.Rows[0].Probs, 1e-3)
		moved = moved || want.Rows[0].Trail[0].Shift > 0.01
	}
	assert.True(t, moved, "the memory has changed answers")
}

// PoCL is found and left alone unless OpenCL is named first: the processor's own engine
// is many times faster.
func TestOpenCLOnAProcessorIsTakenOnlyWhereItIsNamedFirst(t *testing.T) {
	opencltest.Need(t)
	cfg := configs.DefaultDevice()
	cfg.Threads = 1
	for _, prefer := range [][]string{cfg.Prefer, {"opencl", "cpu"}} {
		cfg.Prefer = prefer
		devices, err := OpenDevices(cfg, zerolog.Nop())
		require.NoError(t, err)
		first := devices[0].Info()
		if prefer[0] == "opencl" {
			assert.Equal(t, "opencl", first.Kind)
		} else {
			assert.False(t, first.Kind == "opencl" && first.Type == "cpu", "%v", first)
		}
		require.NoError(t, CloseDevices(devices))
	}
}

// A card retired for its answers is searched no more either, though it is still there.
func TestAnIndexLeavesACardThatIsRetired(t *testing.T) {
	device, _ := card(t)
	l := laneOf(t, "[reloop: {slots: 64, neighbors: 4, adapt_weight: false}]", device, processorOf(t))
	l.play(0, 2, nil)
	learned, err := l.engine.onLabels(t.Context(), []tta.Label{{Seq: 1, Class: 2}, {Seq: 5, Class: 0}, {Seq: 6, Class: 1}})
	require.NoError(t, err)
	require.Equal(t, tta.LabelLearned, learned[0].State)
	require.Positive(t, l.engine.group.Pipelines.Readings()[0].Readings[0].Value, "rows in memory")
	l.engine.turn.Lock()
	l.engine.group.Model.placing.retire(reasonCanary, errCanary)
	l.engine.turn.Unlock()
	l.play(2, 4, nil)
	var moved []bool
	for _, m := range l.engine.group.indexes.of {
		for _, x := range m.made {
			moved = append(moved, x.(*movingIndex).moved != nil)
		}
	}
	assert.Equal(t, []bool{true}, moved)
}

// Keys set before and after, and results in between: those of an index that was on the
// processor all along.
func TestAnIndexMovesToTheProcessorWhenItsCardIsLost(t *testing.T) {
	const dim, capacity = 5, 20
	device, double := card(t)
	processor := processorOf(t)
	m := indexMaker([]accel.Device{device, processor}, nil, zerolog.Nop())
	moving, err := m.index(dim, capacity)
	require.NoError(t, err)
	plainly, err := processor.(accel.Indexer).NewIndex(dim, capacity)
	require.NoError(t, err)
	set := func(from, to int) {
		for slot := from; slot < to; slot++ {
			key := madeUp(dim, slot)
			moving.Set(slot, key)
			plainly.Set(slot, key)
		}
	}
	search := func(live int) (slots []int32) {
		queries := madeUp(3*dim, 99)
		got, want := make([]int32, 3*4), make([]int32, 3*4)
		moving.Search(queries, 3, 4, live, got, make([]float32, 3*4))
		plainly.Search(queries, 3, 4, live, want, make([]float32, 3*4))
		assert.Equal(t, want, got)
		return got
	}
	set(0, 10)
	search(10)
	assert.Nil(t, moving.(*movingIndex).moved)
	double.Unplug(lost)
	search(10) // on the host, slowly
	set(10, 15)
	search(15)
	assert.NotNil(t, moving.(*movingIndex).moved)
	set(8, 12)
	search(15)
	require.ErrorIs(t, moving.(accel.Seeker).Seek(nil, nil, 1, dim, 1, 1, nil, nil), errMoved)
	m.close()
	plainly.Close()
	require.NoError(t, errors.Join(device.Close(), processor.Close()))
}

// The source forward and an adapted one, the next batch sent ahead: at most three waits
// of the host for the device.
func TestABatchWaitsForTheDeviceThreeTimesAtMost(t *testing.T) {
	device, _ := card(t)
	processor := processorOf(t)
	g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
	require.NoError(t, err)
	p, err := place(t.Context(), g, []accel.Device{device, processor}, 8, zerolog.Nop())
	require.NoError(t, err)
	half := halfBatch(g)
	asks := []models.Ask{{Overlay: &models.Overlay{}, Keep: models.Keep{Features: true}}, {Overlay: &half, Keep: models.Keep{Moments: true}}}
	batches := []*tta.Batch{batchOf(8), batchOf(8), batchOf(8), batchOf(8)}
	for i, b := range batches {
		p.overlap.upcoming = func() *tta.Batch { return batches[(i+1)%len(batches)] }
		before := device.(accel.Metered).Stats().Syncs
		p.begin(t.Context(), b, asks)
		for _, a := range asks {
			_, err := p.forward(t.Context(), b, a.Overlay, a.Keep)
			require.NoError(t, err)
		}
		assert.LessOrEqual(t, device.(accel.Metered).Stats().Syncs-before, int64(3))
	}
	require.NoError(t, errors.Join(p.close(), device.Close(), processor.Close()))
}

// Queued back to back and staged, forwards have the bits of forwards one by one, on
// PoCL and on the CUDA device over the driver's double.
func TestQueueingChangesNoBitOnDevices(t *testing.T) {
	for kind, open := range map[string]func(t *testing.T) accel.Device{
		"opencl": func(t *testing.T) accel.Device { return opencltest.Open(t) },
		"cuda":   func(t *testing.T) accel.Device { d, _ := card(t); return d },
	} {
		t.Run(kind, func(t *testing.T) {
			d := open(t)
			g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
			require.NoError(t, err)
			queued, err := newRunner(g, []accel.Device{d}, 8)
			require.NoError(t, err)
			single, err := newRunner(g, []accel.Device{d}, 8)
			require.NoError(t, err)
			source, half := &models.Overlay{}, halfBatch(g)
			asks := []models.Ask{{Overlay: source, Keep: models.Keep{Features: true}}, {Overlay: &half, Keep: models.Keep{Moments: true}}, {Overlay: source}}
			require.True(t, queued.session.Queues())
			sizes := []int{3, 8, 1, 5}
			for i, rows := range sizes {
				in := rowsOf(rows)
				require.NoError(t, queued.session.Queue(t.Context(), in, rows, i > 0, asks))
				if i+1 < len(sizes) {
					require.NoError(t, queued.session.Stage(rowsOf(sizes[i+1]), sizes[i+1]))
				}
				for k, a := range asks {
					want, err := single.session.Forward(t.Context(), in, rows, a.Overlay, a.Keep)
					require.NoError(t, err)
					got, err := queued.session.Collect(t.Context(), k)
					require.NoError(t, err)
					assert.Equal(t, want, got, "batch %d, forward %d", i, k)
				}
			}
			require.NoError(t, errors.Join(queued.close(), single.close(), d.Close()))
		})
	}
}

// A card of little memory takes the model for as many rows as fit.
func TestACardOfLittleMemoryTakesSmallerBatches(t *testing.T) {
	g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
	require.NoError(t, err)
	double := cudatest.New(t, cudatest.Options{Cards: []cudatest.Card{{Memory: 512 << 10}}})
	device, err := cuda.Open(cuda.Config{Library: double.Library()}, zerolog.Nop())
	require.NoError(t, err)
	processor := processorOf(t)
	p, err := place(t.Context(), g, []accel.Device{device, processor}, 4096, zerolog.Nop())
	require.NoError(t, err)
	require.NotNil(t, p.device)
	assert.Less(t, p.device.plan.MaxRows(), 4096)
	assert.Equal(t, 4096, p.processor.plan.MaxRows())
	require.NoError(t, errors.Join(p.close(), device.Close(), processor.Close()))
	assert.Zero(t, double.Used())
}

// BenchmarkQueueing answers batches of 16 under three overlays, with and without
// telling the device beforehand.
func BenchmarkQueueing(b *testing.B) {
	d := opencltest.Open(b)
	data, err := os.ReadFile("../../models/onnx/testdata/zoo/resnet.onnx")
	require.NoError(b, err)
	g, err := onnx.Import("resnet", data, onnx.Options{})
	require.NoError(b, err)
	r, err := newRunner(g, []accel.Device{d}, 16)
	require.NoError(b, err)
	half, in := halfBatch(g), madeUpRows(g, 16)
	asks := []models.Ask{{Overlay: &models.Overlay{}}, {Overlay: &half, Keep: models.Keep{Moments: true}}, {Overlay: &half}}
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			for _, a := range asks {
				_, err := r.forward(b.Context(), in, 16, a.Overlay, a.Keep)
				require.NoError(b, err)
			}
		}
	})
	b.Run("queued", func(b *testing.B) {
		staged := false
		for b.Loop() {
			require.NoError(b, r.session.Queue(b.Context(), in, 16, staged, asks))
			require.NoError(b, r.session.Stage(in, 16))
			staged = true
			for k := range asks {
				_, err := r.session.Collect(b.Context(), k)
				require.NoError(b, err)
			}
		}
	})
	require.NoError(b, errors.Join(r.close(), d.Close()))
}
