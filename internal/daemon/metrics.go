package daemon

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the daemon's counters. Labels are group, pipeline, strategy, device
// and code: never ids or keys, whose number the users' traffic decides.
type metrics struct {
	registry *prometheus.Registry
	all      []prometheus.Collector // our own, for the test that they are documented

	items, rows, outputs, lost, redelivered *prometheus.CounterVec // group
	deadLetters                             *prometheus.CounterVec // group, code
	batchRows, batchWait                    *prometheus.HistogramVec
	forwardSeconds                          *prometheus.HistogramVec // group, overlay
	commitSeconds, endToEnd                 *prometheus.HistogramVec // group
	step                                    *prometheus.GaugeVec     // group
	entropy, classEntropy                   *prometheus.GaugeVec     // group, pipeline
	disagreement                            *prometheus.GaugeVec     // group, pipeline
	changedRows                             *prometheus.CounterVec   // group, pipeline
	guardTrips                              *prometheus.CounterVec   // group, pipeline, reason
	resets                                  *prometheus.CounterVec   // group, pipeline
	labelDelay                              *prometheus.HistogramVec // group
	deviceErrors                            *prometheus.CounterVec   // group, device, reason
	deviceRetired                           *prometheus.GaugeVec     // group, device
	deviceCorrected                         *prometheus.CounterVec   // group, pipeline, strategy

	reloadSuccess, reloadTime, generation prometheus.Gauge
}

func newMetrics() *metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &metrics{registry: r}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ttad_" + name, Help: help}, labels)
		m.own(v)
		return v
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ttad_" + name, Help: help}, labels)
		m.own(v)
		return v
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ttad_" + name, Help: help, Buckets: buckets}, labels)
		m.own(v)
		return v
	}
	seconds := prometheus.ExponentialBuckets(0.0005, 2, 15)

	m.items = counter("items_total", "Input messages taken.", "group")
	m.rows = counter("rows_total", "Input rows answered.", "group")
	m.outputs = counter("outputs_total", "Prediction messages published by the champion.", "group")
	m.lost = counter("lost_total", "Commit mode none: messages the connection to NATS would not take.", "group")
	m.redelivered = counter("redelivered_total", "Input messages the server delivered again.", "group")
	m.deadLetters = counter("dead_letters_total", "Messages put on the dead letter subject.", "group", "code")
	m.batchRows = histogram("batch_rows", "Rows in a batch.", prometheus.ExponentialBuckets(1, 2, 13), "group")
	m.batchWait = histogram("batch_wait_seconds", "Age of the oldest item when its batch started.", seconds, "group")
	m.forwardSeconds = histogram("forward_seconds", "Time of one forward.", seconds, "group", "overlay")
	m.commitSeconds = histogram("commit_seconds", "Time to publish a batch's outputs and have them stored.", seconds, "group")
	m.endToEnd = histogram("end_to_end_seconds", "From receipt of an item to its stored output.", seconds, "group")
	m.step = gauge("step", "Batches answered since start.", "group")
	m.entropy = gauge("entropy", "Mean entropy of the last batch's rows, natural logarithm.", "group", "pipeline")
	m.classEntropy = gauge("class_entropy", "Entropy of the last batch's predicted classes over ln(classes).", "group", "pipeline")
	m.disagreement = gauge("source_disagreement", "Share of the last batch's rows whose class differs from the source view.", "group", "pipeline")
	m.changedRows = counter("changed_rows_total", "Rows whose class differs from the source view.", "group", "pipeline")
	m.guardTrips = counter("guard_trips_total", "Times the guard began to answer from the source view.", "group", "pipeline", "reason")
	m.resets = counter("resets_total", "Times a pipeline's state was reset.", "group", "pipeline")
	m.labelDelay = histogram("label_delay_seconds", "From the answer to a row to its label.", prometheus.ExponentialBuckets(0.01, 4, 13), "group")

	m.deviceErrors = counter("device_errors_total", "Batches and canaries the device failed on and the CPU did not.", "group", "device", "reason")
	m.deviceCorrected = counter("device_corrected_rows_total", "Rows a strategy corrected on the device, behind the forward.", "group", "pipeline", "strategy")
	m.deviceRetired = gauge("device_retired", "1 once the group's model has left the device for the CPU, 0 before.", "group", "device")

	m.reloadSuccess = gauge("config_reload_success", "1 when the last configuration read was put in force, 0 when it was refused.").WithLabelValues()
	m.reloadTime = gauge("config_reload_timestamp_seconds", "When the configuration in force was read.").WithLabelValues()
	m.generation = gauge("generation", "How many configurations have been in force.").WithLabelValues()
	m.generation.Set(1)
	m.reloaded(true)

	version, goVersion := buildVersion()
	info := gauge("build_info", "Always 1.", "version", "go")
	info.WithLabelValues(version, goVersion).Set(1)
	return m
}

// own registers one of ttad's metrics.
func (m *metrics) own(c prometheus.Collector) {
	m.registry.MustRegister(c)
	m.all = append(m.all, c)
}

// reloaded tells whether a configuration was put in force.
func (m *metrics) reloaded(ok bool) {
	if !ok {
		m.reloadSuccess.Set(0)
		return
	}
	m.reloadSuccess.Set(1)
	m.reloadTime.SetToCurrentTime()
}

func buildVersion() (version, goVersion string) {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", "unknown"
	}
	return bi.Main.Version, bi.GoVersion
}
