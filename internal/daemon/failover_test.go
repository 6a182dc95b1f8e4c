package daemon

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/internal/testkit/shaky"
	"ttad/internal/testkit/tinymodel"
	"ttad/models"
	"ttad/models/onnx"
	"ttad/tta"
)

// desk is a model placed on a shaky device and the processor.
type desk struct {
	*placing
	device    *shaky.Device
	processor accel.Device
	graph     *models.Graph
	log       bytes.Buffer
	faults    []deviceFault
}

// seat places the tiny model, and closes everything at the end: what stays open after a
// failure fails the test.
func seat(t *testing.T, device *shaky.Device, maxRows int) *desk {
	t.Helper()
	processor, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
	require.NoError(t, err)
	d := &desk{device: device, processor: processor, graph: g}
	d.placing, err = place(t.Context(), g, []accel.Device{device, processor}, maxRows, zerolog.New(&d.log))
	require.NoError(t, err)
	d.faults = d.early
	d.notify = func(f deviceFault) { d.faults = append(d.faults, f) }
	t.Cleanup(func() {
		require.NoError(t, d.close())
		require.NoError(t, device.Close())
		require.NoError(t, processor.Close())
	})
	return d
}

// rowsOf is the tiny model's input.
func rowsOf(n int) []*accel.Tensor {
	return []*accel.Tensor{accel.TensorOf(tinymodel.Rows(n), tinymodel.Shape(n)...)}
}

// answer runs a forward and returns its logits.
func (d *desk) answer(t *testing.T, in []*accel.Tensor) []float32 {
	t.Helper()
	out, err := d.step(t.Context(), in, nil, models.Keep{})
	require.NoError(t, err)
	return slices.Clone(out.Logits.Data)
}

// step runs a forward as a step would.
func (d *desk) step(ctx context.Context, in []*accel.Tensor, o *models.Overlay, keep models.Keep) (*models.Output, error) {
	b := &tta.Batch{Rows: in[0].Rows(), Inputs: in}
	if o == nil {
		o = &models.Overlay{}
	}
	d.begin(ctx, b, []models.Ask{{Overlay: o, Keep: keep}})
	return d.forward(ctx, b, o, keep)
}

// expected are the processor's logits.
func (d *desk) expected(t *testing.T, in []*accel.Tensor) []float32 {
	t.Helper()
	out, err := d.placing.processor.forward(t.Context(), in, in[0].Rows(), nil, models.Keep{})
	require.NoError(t, err)
	return slices.Clone(out.Logits.Data)
}

func (d *desk) reasons() []string {
	var all []string
	for _, f := range d.faults {
		text := f.Reason
		if f.Retired {
			text += ", retired"
		}
		all = append(all, text)
	}
	return all
}

// Whatever befalls the device, every batch has the processor's answer.
func TestABatchTheDeviceFailsOnIsAnsweredOnTheCPU(t *testing.T) {
	tests := []struct {
		name    string
		trouble *shaky.Trouble
		reasons []string // after four batches
	}{
		{"unplugged", unplugged, []string{"lost, retired"}},
		{"no memory", crowded, []string{"out_of_memory", "out_of_memory", "out_of_memory, retired"}},
		{"a panic", &shaky.Trouble{Panic: "index 3 of 2"}, []string{"error", "error", "error, retired"}},
		{"an unknown error", confused, []string{"error", "error", "error, retired"}},
		{"no numbers", numberless, []string{"error", "canary, retired"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := seat(t, shaky.New(t), 8)
			in := rowsOf(5)
			want := d.expected(t, in)
			assert.Equal(t, want, d.answer(t, in), "the device answers")
			d.device.Suffer(tt.trouble)
			for range 4 {
				assert.Equal(t, want, d.answer(t, in))
			}
			assert.Equal(t, tt.reasons, d.reasons())
			assert.Nil(t, d.placing.device)
			assert.Equal(t, "shaky", d.faults[0].Device.Kind)
		})
	}
}

func TestADeviceThatRecoversStaysInService(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	in := rowsOf(5)
	for range 3 {
		d.device.Suffer(crowded)
		d.answer(t, in)
		d.answer(t, in)
		d.device.Suffer(nil)
		before := d.device.Runs()
		d.answer(t, in)
		assert.Equal(t, before+1, d.device.Runs(), "the device answers again")
	}
	assert.NotNil(t, d.placing.device)
	assert.Len(t, d.faults, 6)
}

// A row that overflows the model is its own fault, on either device.
func TestRowsWithoutAnAnswerAreNotTheDevicesFault(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	in := rowsOf(3)
	for i := range in[0].Row(1) {
		in[0].Row(1)[i] = math.MaxFloat32
	}
	for range maxFailures + 1 {
		out, err := d.step(t.Context(), in, nil, models.Keep{})
		require.NoError(t, err)
		assert.True(t, finite(out.Logits.Row(0)))
		assert.False(t, finite(out.Logits.Row(1)))
	}
	assert.Empty(t, d.faults)
}

// An error the processor gives, too, is the batch's.
func TestABatchAtFaultIsNotTheDevicesFault(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	for range maxFailures + 1 {
		_, err := d.step(t.Context(), []*accel.Tensor{accel.NewTensor(2, 1)}, nil, models.Keep{})
		require.ErrorContains(t, err, `input "x": shape [2 1]`)
	}
	assert.Empty(t, d.faults)
	assert.NotNil(t, d.placing.device)
}

func TestACancelledForwardIsNobodysFault(t *testing.T) {
	d := seat(t, shaky.New(t), 8)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.step(ctx, rowsOf(2), nil, models.Keep{})
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, d.faults)
}

func TestTheCanaryFindsADeviceThatHasBecomeWrong(t *testing.T) {
	for name, trouble := range map[string]*shaky.Trouble{"wrong": wrong, "no numbers": numberless} {
		t.Run(name, func(t *testing.T) {
			d := seat(t, shaky.New(t), 8)
			d.check(t.Context())
			require.NotNil(t, d.placing.device, "sound so far")
			d.device.Suffer(trouble)
			d.check(t.Context())
			assert.Nil(t, d.placing.device)
			assert.Equal(t, []string{"canary, retired"}, d.reasons())
			assert.ErrorContains(t, d.faults[0].Err, "the CPU's is")
			d.check(t.Context()) // of no device is nothing
		})
	}
}

func TestADeviceWrongFromTheStartAnswersNothing(t *testing.T) {
	device := shaky.New(t)
	device.Suffer(wrong)
	d := seat(t, device, 8)
	assert.Nil(t, d.placing.device)
	assert.Equal(t, []string{"canary, retired"}, d.reasons(), "told to who comes to listen")
	in := rowsOf(3)
	assert.Equal(t, d.expected(t, in), d.answer(t, in))
}

// A batch is never split: what is too large for the device goes to the CPU whole.
func TestBatchesTooLargeForTheDevicesMemoryGoToTheCPU(t *testing.T) {
	device := shaky.New(t)
	device.Room = 3
	d := seat(t, device, 16)
	assert.Equal(t, 2, d.placing.device.plan.MaxRows(), "a power of two below the configured 16")
	for _, want := range []string{`"rows":2`, `"max_rows":16`, `"memory_bytes":1048576`, `16 MB needed`} {
		assert.Contains(t, d.log.String(), want)
	}
	for rows, onDevice := range map[int]int{1: 1, 2: 1, 3: 0, 16: 0} {
		before, in := device.Runs(), rowsOf(rows)
		assert.Equal(t, d.expected(t, in), d.answer(t, in))
		assert.Equal(t, onDevice, device.Runs()-before, "%d rows", rows)
	}
}

func TestAModelTooLargeForTheDeviceRunsOnTheCPU(t *testing.T) {
	device := shaky.New(t)
	device.Room = 0
	d := &shakyTooSmall{device}
	processor, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(t, err)
	g, err := onnx.Import("tiny.onnx", tinymodel.Bytes(), onnx.Options{})
	require.NoError(t, err)
	var log bytes.Buffer
	p, err := place(t.Context(), g, []accel.Device{d, processor}, 8, zerolog.New(&log))
	require.NoError(t, err)
	assert.Nil(t, p.device)
	assert.Equal(t, 8, p.preferred().MaxRows())
	assert.Contains(t, log.String(), "too small for the model")
	require.NoError(t, p.close())
	require.NoError(t, d.Close())
	require.NoError(t, processor.Close())
}

// shakyTooSmall has room for nothing.
type shakyTooSmall struct{ *shaky.Device }

func (d *shakyTooSmall) Compile(*accel.Program, int) (accel.Exec, error) {
	return nil, accel.ErrOutOfMemory
}

func TestFewRowsStayOnTheCPUWhereItWasFaster(t *testing.T) {
	ms := func(list ...int) (d []time.Duration) {
		for _, n := range list {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	sizes := []int{1, 4, 16, 64}
	for _, tt := range []struct {
		name        string
		cpu, device []time.Duration
		few         int
	}{
		{"the device always wins", ms(2, 2, 2, 2), ms(1, 1, 1, 1), 0},
		{"the processor always wins", ms(1, 4, 9, 30), ms(5, 5, 10, 31), 64},
		{"it turns between 4 and 16", ms(1, 4, 16, 64), ms(5, 5, 6, 8), 4},
		{"a tie goes to the device", ms(1, 5, 16, 64), ms(5, 5, 6, 8), 1},
		{"one stray win of the processor's counts for nothing", ms(6, 4, 16, 64), ms(5, 5, 6, 8), 0},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.few, breakEven(sizes, tt.cpu, tt.device)) })
	}
	assert.Equal(t, []int{1, 4, 16, 64}, batchSizes(64))
	assert.Equal(t, []int{1, 4, 16, 20}, batchSizes(20))
	assert.Equal(t, []int{1}, batchSizes(1))
}

// Whatever was measured, only the number of rows decides, and the answers are the same.
func TestCalibrationChangesNoAnswer(t *testing.T) {
	d := seat(t, shaky.New(t), 16)
	require.NoError(t, d.calibrate(t.Context()))
	assert.Contains(t, append(batchSizes(16), 0), d.few)
	for _, word := range []string{`"rows":4`, `"cpu_ms"`, `"shaky_ms"`, `"cpu_rows"`} {
		assert.Contains(t, d.log.String(), word)
	}
	d.few = 4
	for rows, onDevice := range map[int]int{1: 0, 4: 0, 5: 1, 16: 1} {
		before, in := d.device.Runs(), rowsOf(rows)
		assert.Equal(t, d.expected(t, in), d.answer(t, in))
		assert.Equal(t, onDevice, d.device.Runs()-before, "%d rows", rows)
	}
}

func TestADeviceThatFailsWhileItIsMeasuredIsRetired(t *testing.T) {
	d := seat(t, shaky.New(t), 16)
	d.device.Suffer(unplugged)
	require.NoError(t, d.calibrate(t.Context()))
	assert.Equal(t, []string{"lost, retired"}, d.reasons())
}

func TestNodesTheDeviceLacksRunOnTheCPU(t *testing.T) {
	device := shaky.New(t)
	device.Lacks = "Relu"
	d := seat(t, device, 8)
	assert.Greater(t, d.preferred().Placement().Cuts(), 0)
	assert.Contains(t, d.log.String(), "op Relu")
	in := rowsOf(4)
	want, got := d.expected(t, in), d.answer(t, in)
	require.NoError(t, near("logits", got, want))
}

func TestOpenDevicesTakesTheFirstThatWorks(t *testing.T) {
	cfg := configs.DefaultDevice()
	cfg.Threads = 1
	kinds := func(prefer []string, open opening) ([]string, string, error) {
		var log bytes.Buffer
		c := cfg
		c.Prefer = prefer
		devices, err := openDevices(c, zerolog.New(&log), open)
		var kinds []string
		for _, d := range devices {
			kinds = append(kinds, d.Info().Kind)
		}
		require.NoError(t, CloseDevices(devices))
		return kinds, log.String(), err
	}
	none := func(kind string, _ configs.DeviceConfig, _ zerolog.Logger) (accel.Device, error) {
		return nil, fmt.Errorf("no %s library: %w", kind, accel.ErrNoDevice)
	}
	sound := func(string, configs.DeviceConfig, zerolog.Logger) (accel.Device, error) { return shaky.New(t), nil }
	broken := func(kind string, c configs.DeviceConfig, l zerolog.Logger) (accel.Device, error) {
		if kind != "cuda" {
			return sound(kind, c, l)
		}
		d := shaky.New(t)
		d.Suffer(wrong)
		return d, nil
	}

	got, log, err := kinds([]string{"cuda", "opencl", "cpu"}, none)
	require.NoError(t, err)
	assert.Equal(t, []string{"cpu"}, got)
	assert.Contains(t, log, `"level":"info","device":"cuda","why":"no cuda library`)
	assert.NotContains(t, log, "warn")

	got, log, err = kinds([]string{"cuda", "opencl", "cpu"}, sound)
	require.NoError(t, err)
	assert.Equal(t, []string{"shaky", "cpu"}, got, "the processor is always there")
	assert.Contains(t, log, `"memory_bytes":1048576`)

	got, log, err = kinds([]string{"cuda", "opencl", "cpu"}, broken)
	require.NoError(t, err)
	assert.Equal(t, []string{"shaky", "cpu"}, got)
	assert.Contains(t, log, `"level":"warn","device":"cuda"`)
	assert.Contains(t, log, "does not pass the self-test")

	got, _, err = kinds([]string{"cpu", "cuda"}, sound)
	require.NoError(t, err)
	assert.Equal(t, []string{"cpu"}, got, "cuda comes after what is always there")

	_, _, err = kinds([]string{"cuda"}, none)
	require.ErrorIs(t, err, accel.ErrNoDevice)
	assert.ErrorContains(t, err, "run 'ttad devices'")
}
