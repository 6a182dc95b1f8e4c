package daemon

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ttad/stream"
)

// lagTimeout bounds the question to the server during a scrape.
const lagTimeout = time.Second

// inputCollector reads what the input knows when somebody asks, instead of
// keeping gauges up to date that nobody reads.
type inputCollector struct {
	input                   *stream.Input
	inFlight, lag, overflow *prometheus.Desc
}

func newInputCollector(group string, in *stream.Input) *inputCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("ttad_"+name, help, nil, prometheus.Labels{"group": group})
	}
	return &inputCollector{
		input:    in,
		inFlight: desc("in_flight_rows", "Rows taken from the server and not yet answered."),
		lag:      desc("input_lag_messages", "Messages on the server that were not delivered yet; JetStream only."),
		overflow: desc("input_dropped_total", "Messages lost on core NATS because they came faster than they were taken."),
	}
}

// Describe implements prometheus.Collector.
func (c *inputCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.inFlight
	ch <- c.lag
	ch <- c.overflow
}

// Collect implements prometheus.Collector. A server that does not answer leaves
// the lag out rather than reporting an old one, and core NATS has none.
func (c *inputCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.input.Stats()
	ch <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(stats.InFlightRows))
	ch <- prometheus.MustNewConstMetric(c.overflow, prometheus.CounterValue, float64(stats.Dropped))
	if c.input.Stream() == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	if lag, err := c.input.Lag(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(c.lag, prometheus.GaugeValue, float64(lag))
	}
}
