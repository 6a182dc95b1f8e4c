package daemon

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ttad/stream"
	"ttad/tta"
)

// Kinds of events about the daemon itself.
const (
	eventReloadApplied = "reload.applied"
	eventReloadRefused = "reload.refused"
	eventModelLoaded   = "model.loaded"
)

// publisher takes events; nil in tests of the engine alone.
type publisher interface{ Publish(stream.Event) }

// happened counts what befell pipelines, and logs and publishes it as often as
// anybody would read.
func (e *engine) happened(events []tta.Event) {
	e.metrics.events(events)
	for _, ev := range events {
		if held, ok := e.restraint.pass(subject{ev.Kind, ev.Pipeline}, time.Now()); ok {
			e.tell(e.eventOf(ev, held))
		}
	}
}

// eventOf is an event for people; held is how many like it were not told.
func (e *engine) eventOf(ev tta.Event, held int) stream.Event {
	out := stream.Event{Kind: ev.Kind, Pipeline: ev.Pipeline, Step: e.step, Severity: stream.Warn, Message: ev.Message, Evidence: map[string]any{}}
	switch ev.Kind {
	case tta.EventTrip:
		out.Hint = "compare the pipeline with source in the scores and metrics; it answers again by itself once its answers are sound"
	case tta.EventReset:
		out.Hint = "find what led to it in the log; the pipeline learns from nothing again"
	case tta.EventBehind:
		out.Hint = "see /scores; make source or another pipeline the champion, or search better settings on recorded rows with ttad tune"
	case tta.EventRecover, tta.EventCaughtUp:
		out.Severity = stream.Info
	}
	if ev.Trip != tta.TripNone {
		out.Evidence["reason"] = string(ev.Trip)
	}
	if held > 0 {
		out.Evidence["held_back"] = held
	}
	return out
}

// tell logs and publishes one event.
func (e *engine) tell(ev stream.Event) {
	level := zerolog.WarnLevel
	if ev.Severity == stream.Info {
		level = zerolog.InfoLevel
	}
	e.log.WithLevel(level).Str("event", ev.Kind).Str("pipeline", ev.Pipeline).Uint64("batch", ev.Step).Fields(ev.Evidence).Msg(ev.Message)
	e.publish(ev)
}

// tellOfLabels gives an event of the label intake its place among the batches. It
// is called between two calls of onLabels.
func (e *engine) tellOfLabels(ev stream.Event) {
	e.turn.Lock()
	ev.Step = e.step
	e.turn.Unlock()
	e.tell(ev)
}

// publish is for what others log in their own words.
func (e *engine) publish(ev stream.Event) {
	if e.published != nil {
		e.published.Publish(ev)
	}
}

// eventCollector reads how many events did not get out.
type eventCollector struct {
	events *stream.Events
	lost   *prometheus.Desc
}

func newEventCollector(group string, events *stream.Events) eventCollector {
	return eventCollector{events, prometheus.NewDesc("ttad_events_lost_total", "Events the connection to NATS would not take.", nil, prometheus.Labels{"group": group})}
}

// Describe implements prometheus.Collector.
func (c eventCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.lost }

// Collect implements prometheus.Collector.
func (c eventCollector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(c.lost, prometheus.CounterValue, float64(c.events.Lost()))
}
