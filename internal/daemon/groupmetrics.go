package daemon

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ttad/stream"
	"ttad/tta"
)

// groupMetrics are the daemon's metrics for one group.
type groupMetrics struct {
	*metrics
	group string
	now   func() time.Time
}

// forGroup shows counters of what is rare from the start, so that their first step
// is seen as one.
func (m *metrics) forGroup(name string) *groupMetrics {
	m.redelivered.WithLabelValues(name)
	m.lost.WithLabelValues(name)
	return &groupMetrics{metrics: m, group: name, now: time.Now}
}

// took counts what a parcel brought.
func (g *groupMetrics) took(p *stream.Parcel) {
	g.items.WithLabelValues(g.group).Add(float64(len(p.Deliveries)))
	for _, d := range p.Deliveries {
		if d.Attempt > 1 {
			g.redelivered.WithLabelValues(g.group).Inc()
		}
	}
	if len(p.Batch.Items) > 0 {
		g.batchRows.WithLabelValues(g.group).Observe(float64(p.Batch.Rows))
		g.batchWait.WithLabelValues(g.group).Observe(g.now().Sub(p.Batch.Items[0].Received).Seconds())
	}
}

// committed counts what became of it.
func (g *groupMetrics) committed(p *stream.Parcel, r stream.Receipt, took time.Duration) {
	g.commitSeconds.WithLabelValues(g.group).Observe(took.Seconds())
	for code, n := range r.DeadLetters {
		g.deadLetters.WithLabelValues(g.group, string(code)).Add(float64(n))
	}
	g.outputs.WithLabelValues(g.group).Add(float64(r.Outputs - r.Challengers))
	g.rows.WithLabelValues(g.group).Add(float64(r.Rows))
	g.lost.WithLabelValues(g.group).Add(float64(r.Lost))
	now := g.now()
	endToEnd := g.endToEnd.WithLabelValues(g.group)
	for _, d := range p.Deliveries {
		endToEnd.Observe(now.Sub(d.Item.Received).Seconds())
	}
}

// stepped records what the pipelines did to a batch.
func (g *groupMetrics) stepped(r *tta.Result) {
	g.step.WithLabelValues(g.group).Set(float64(r.Batch.Step))
	for _, f := range r.Timings {
		g.forwardSeconds.WithLabelValues(g.group, overlayName(f.Overlay)).Observe(f.Took.Seconds())
	}
	for i := range r.Pipelines {
		g.pipeline(r, &r.Pipelines[i])
	}
}

// overlayName names the source model's empty overlay.
func overlayName(key string) string {
	if key == "" {
		return "source"
	}
	return key
}

func (g *groupMetrics) pipeline(r *tta.Result, p *tta.PipelineResult) {
	labels := prometheus.Labels{"group": g.group, "pipeline": p.Name}
	g.entropy.With(labels).Set(meanEntropy(r, p.View))
	g.classEntropy.With(labels).Set(classEntropy(p.View))
	for _, t := range p.Trail {
		if t.Device {
			g.deviceCorrected.WithLabelValues(g.group, p.Name, t.Strategy).Add(float64(r.Batch.Rows))
		}
	}
	if r.Source == nil {
		return
	}
	changed := 0
	for i, c := range p.View.Class {
		if c != r.Source.Class[i] {
			changed++
		}
	}
	g.changedRows.With(labels).Add(float64(changed))
	g.disagreement.With(labels).Set(float64(changed) / float64(r.Batch.Rows))
}

// events counts trips and resets.
func (g *groupMetrics) events(events []tta.Event) {
	for _, e := range events {
		switch e.Kind {
		case tta.EventTrip:
			g.guardTrips.WithLabelValues(g.group, e.Pipeline, string(e.Trip)).Inc()
		case tta.EventReset:
			g.resets.WithLabelValues(g.group, e.Pipeline).Inc()
		}
	}
}

// deviceInUse shows from the start that nothing is wrong with a device.
func (g *groupMetrics) deviceInUse(kind string) {
	g.deviceRetired.WithLabelValues(g.group, kind).Set(0)
}

// deviceFault counts what a device failed on.
func (g *groupMetrics) deviceFault(f deviceFault) {
	g.deviceErrors.WithLabelValues(g.group, f.Device.Kind, f.Reason).Inc()
	if f.Retired {
		g.deviceRetired.WithLabelValues(g.group, f.Device.Kind).Set(1)
	}
}

// learned notes how late labels were.
func (g *groupMetrics) learned(labels []tta.Learned) {
	delay := g.labelDelay.WithLabelValues(g.group)
	for _, l := range labels {
		if l.State == tta.LabelLearned || l.State == tta.LabelRevised {
			delay.Observe(l.Delay.Seconds())
		}
	}
}

// meanEntropy is the mean of the rows' entropies; rows without an answer are left out.
func meanEntropy(r *tta.Result, v tta.View) float64 {
	sum, rows := 0.0, 0
	for i, c := range v.Class {
		if c < 0 {
			continue
		}
		rows++
		sum += r.Entropy(v.Probs.Row(i))
	}
	if rows == 0 {
		return 0
	}
	return sum / float64(rows)
}

// classEntropy is the entropy of the predicted classes over ln(classes), in [0,1].
func classEntropy(v tta.View) float64 {
	counts, rows := map[int32]int{}, 0
	for _, c := range v.Class {
		if c >= 0 {
			counts[c]++
			rows++
		}
	}
	h := 0.0
	for _, n := range counts {
		p := float64(n) / float64(rows)
		h -= p * math.Log(p)
	}
	return h / math.Log(float64(v.Probs.RowLen()))
}
