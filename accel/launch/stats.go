package launch

import (
	"sync/atomic"

	"ttad/accel"
)

// meter counts what a device does.
type meter struct {
	launches, up, down, syncs, now, peak atomic.Int64
}

func (m *meter) took(bytes int) {
	now := m.now.Add(int64(bytes))
	for peak := m.peak.Load(); now > peak && !m.peak.CompareAndSwap(peak, now); peak = m.peak.Load() {
	}
}

func (m *meter) gave(bytes int) { m.now.Add(-int64(bytes)) }

// Stats returns what the device did since it was opened.
func (d *Device) Stats() accel.Stats {
	return accel.Stats{
		Launches: d.meter.launches.Load(), Syncs: d.meter.syncs.Load(),
		UploadedBytes: d.meter.up.Load(), DownloadedBytes: d.meter.down.Load(),
		MemoryBytes: d.meter.now.Load(), PeakBytes: d.meter.peak.Load(),
	}
}

// BytesInUse counts weights, values and buffers.
func (d *Device) BytesInUse() int64 { return d.meter.now.Load() }
