package daemon

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ttad/accel"
	"ttad/stream"
)

// eventDeviceRetired tells that a group's model has left a device for good.
const eventDeviceRetired = "device.retired"

// watchDevice has the engine hear of what befalls its model's device. Who calls the
// model has the engine's turn.
func (e *engine) watchDevice() {
	p := e.group.Model.placing
	if p == nil {
		return
	}
	if p.device != nil {
		e.metrics.deviceInUse(p.device.device().Kind)
	}
	p.notify = e.onDeviceFault
	for _, f := range p.early {
		e.onDeviceFault(f)
	}
}

func (e *engine) onDeviceFault(f deviceFault) {
	e.metrics.deviceFault(f)
	if !f.Retired {
		return
	}
	e.tell(stream.Event{
		Kind: eventDeviceRetired, Step: e.step, Severity: stream.Warn,
		Message:  "the model has left its device and goes on on the CPU, from the same state: " + f.Err.Error(),
		Hint:     "see 'ttad devices' and the driver's log; a restart takes the device again if it passes its tests",
		Evidence: map[string]any{"device": f.Device.Kind, "name": f.Device.Name, "reason": f.Reason},
	})
}

// keepTesting has the device answer its canary every so often, between two batches,
// until ctx ends.
func (e *engine) keepTesting(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.testDevice(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// testDevice runs the canary once.
func (e *engine) testDevice(ctx context.Context) {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.group.Model.placing.check(ctx)
}

// deviceCollector reads how much of devices' memory is in use.
type deviceCollector struct {
	devices []accel.Device
	bytes   *prometheus.Desc
}

func newDeviceCollector(devices []accel.Device) deviceCollector {
	return deviceCollector{devices, prometheus.NewDesc("ttad_device_bytes", "Memory of the device in use by this process.", []string{"device"}, nil)}
}

// Describe implements prometheus.Collector.
func (c deviceCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.bytes }

// Collect implements prometheus.Collector.
func (c deviceCollector) Collect(ch chan<- prometheus.Metric) {
	for _, d := range c.devices {
		if m, ok := d.(accel.Metered); ok {
			ch <- prometheus.MustNewConstMetric(c.bytes, prometheus.GaugeValue, float64(m.Stats().MemoryBytes), d.Info().Kind)
		}
	}
}
