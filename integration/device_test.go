package integration_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
	"ttad/internal/testkit/shaky"
	"ttad/internal/testkit/tinymodel"
)

// chaos is a group whose answers depend on every one before, on several overlays.
const chaos = `
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 4, max_delay: 1m}
    output: {probs: full}
    pipelines:
      - {name: main, role: champion, strategies: [bnema: {momentum: 0.3, min_rows: 1}, labelshift: {}]}
      - {name: half, role: shadow, strategies: [alphabn: {source_weight: 0.5, min_rows: 1}]}
`

// on lets the site's daemons use a shaky device before the processor.
func (s *site) on(d *shaky.Device) {
	processor, err := cpu.New(cpu.Config{Threads: 1})
	require.NoError(s.t, err)
	s.devices = []accel.Device{d, processor}
}

// A device that fails in the middle of a stream under load: every input is answered
// once, in order, and to the bit as if the device had never been.
func TestAStreamOutlivesItsDevice(t *testing.T) {
	for name, trouble := range map[string]*shaky.Trouble{
		"unplugged":  {Err: fmt.Errorf("pulled: %w", accel.ErrLost)},
		"no memory":  {Err: fmt.Errorf("another process: %w", accel.ErrOutOfMemory)},
		"no numbers": {Add: float32(math.NaN())},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", name, late), func(t *testing.T) {
				const first, rows = 80, 240
				s := newSite(t)
				f := s.config(chaos)
				want := s.replayed(f, tinymodel.Rows(rows))["main"]
				device := shaky.New(t)
				device.Late = late
				s.on(device)
				f.Device.Auto = false // every batch is the device's while it lasts
				d := s.start(f)
				bodies := func(from, to int) (all [][]byte) {
					for i := from; i < to; i++ {
						all = append(all, jsonRows(i, 1))
					}
					return all
				}
				s.putAll(map[string][][]byte{"tta.g.in.k": bodies(0, first)})
				s.waitFor("g", "tta.g.out.k", first)
				before := device.Runs()
				assert.GreaterOrEqual(t, before, 2*first/4, "the device answers")
				s.counts(d, `ttad_device_retired{device="shaky",group="g"}`, 0)
				s.counts(d, `ttad_device_bytes{device="shaky"}`, shaky.InUse)
				device.Suffer(trouble)
				s.putAll(map[string][][]byte{"tta.g.in.k": bodies(first, rows)})
				s.waitFor("g", "tta.g.out.k", rows)
				s.counts(d, `ttad_device_retired{device="shaky",group="g"}`, 1)
				require.NoError(t, d.stop())

				out := s.answers("g", "tta.g.out.k")
				oncePerInput(t, rows, out)
				var got []float32
				for _, a := range out {
					got = append(got, a.Rows[0].Probs...)
				}
				assert.Equal(t, want, got)
				events := s.events("device.retired")
				require.Len(t, events, 1)
				assert.Equal(t, "warn", events[0]["severity"])
				assert.Equal(t, "shaky", events[0]["evidence"].(map[string]any)["device"])
			})
		}
	}
}

// The group stays ready while its device is gone, and one whose device was wrong from
// the start says so and runs.
func TestADeviceWrongFromTheStartIsToldOf(t *testing.T) {
	s := newSite(t)
	device := shaky.New(t)
	device.Suffer(&shaky.Trouble{Add: 1})
	s.on(device)
	d := s.start(s.config(chaos))
	for i := range 4 {
		s.put("tta.g.in.k", nats.Header{}, jsonRows(i, 1))
	}
	s.waitFor("g", "tta.g.out.k", 4)
	assert.Equal(t, 1., s.metric(d, `ttad_device_retired{device="shaky",group="g"}`))
	require.NoError(t, d.stop())
	require.Len(t, s.events("device.retired"), 1)
}

// Two groups lose the device they share, each at its own next batch, and both are
// reloaded before and after: what is new then is made where there is something left.
func TestGroupsThatShareADeviceAreReloaded(t *testing.T) {
	const group = `
  %s:
    model: {file: tiny.onnx}
    batch: {max_rows: 4, max_delay: 1m}
    feedback: {}
    pipelines: [{name: main, strategies: [bnema: {min_rows: 1}, labelshift: {}%s]}]`
	s := newSite(t)
	with := func(more string) *configs.File { return s.config(fmt.Sprintf(group+group, "a", more, "b", more)) }
	device := shaky.New(t)
	device.Late = true
	s.on(device)
	f := with("")
	f.Device.Auto = false
	d := s.start(f)
	sent := 0
	eight := func() {
		for range 8 {
			s.put("tta.a.in.k", nats.Header{}, jsonRows(sent, 1))
			s.put("tta.b.in.k", nats.Header{}, jsonRows(sent, 1))
			sent++
		}
		s.waitFor("a", "tta.a.out.k", sent)
		s.waitFor("b", "tta.b.out.k", sent)
	}
	reload := func(more string) {
		f := with(more)
		f.Device.Auto = false
		_, err := d.Reload(f)
		require.NoError(t, err)
	}
	eight()
	reload(", reloop: {slots: 16, neighbors: 2}")
	eight()
	runs := device.Runs()
	device.Suffer(&shaky.Trouble{Err: fmt.Errorf("pulled: %w", accel.ErrLost)})
	eight()
	assert.Greater(t, device.Runs(), runs, "the device was in use")
	reload(", lame: {}")
	eight()
	reload(", reloop: {slots: 32, neighbors: 2}")
	eight()
	s.counts(d, `ttad_device_retired{device="shaky",group="a"}`, 1)
	s.counts(d, `ttad_device_retired{device="shaky",group="b"}`, 1)
	require.NoError(t, d.stop())
	oncePerInput(t, sent, s.answers("a", "tta.a.out.k"))
	oncePerInput(t, sent, s.answers("b", "tta.b.out.k"))
}
