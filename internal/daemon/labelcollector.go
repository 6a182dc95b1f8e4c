package daemon

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"ttad/stream"
	"ttad/tta"
)

// labelCollector reads what is known of a group's labels when somebody asks.
type labelCollector struct {
	labels func() stream.LabelStats
	scores func() Scores

	states, messages, redelivered, limited, dropped, dead, waiting *prometheus.Desc
	ledgerRows, ledgerBytes                                        *prometheus.Desc
	ledgerEvicted, ledgerRenamed, ledgerOversized                  *prometheus.Desc
	labelled, accuracy, brier, logLoss, calibration, auc, gauc     *prometheus.Desc
	advantage                                                      *prometheus.Desc
}

func newLabelCollector(group string, labels func() stream.LabelStats, scores func() Scores) *labelCollector {
	desc := func(name, help string, variable ...string) *prometheus.Desc {
		return prometheus.NewDesc("ttad_"+name, help, variable, prometheus.Labels{"group": group})
	}
	return &labelCollector{
		labels: labels, scores: scores,
		states:      desc("labels_total", "Labels by what became of them; early ones are counted again in the end.", "state"),
		messages:    desc("label_messages_total", "Messages with labels taken, repeated deliveries included."),
		redelivered: desc("label_messages_redelivered_total", "Messages with labels that came again."),
		limited:     desc("labels_limited_total", "Labels that waited because of limits.feedback_per_second."),
		dropped:     desc("label_messages_dropped_total", "Messages with labels lost on core NATS because they came faster than they were taken."),
		dead:        desc("label_dead_letters_total", "Messages with labels put on the dead letter subject.", "code"),
		waiting:     desc("label_messages_waiting", "Messages with labels whose items have not been answered yet."),

		ledgerRows:      desc("ledger_rows", "Answered rows kept for labels to come."),
		ledgerBytes:     desc("ledger_bytes", "Memory they take."),
		ledgerEvicted:   desc("ledger_evicted_total", "Answered messages that left the ledger, by age or for want of room."),
		ledgerRenamed:   desc("ledger_renamed_total", "Answered messages whose id a newer one has taken: labels find them by sequence only."),
		ledgerOversized: desc("ledger_oversized_total", "Answered messages larger than the whole ledger, for which no label can come."),

		labelled:    desc("labelled_rows_total", "Rows of the pipeline that were scored.", "pipeline"),
		accuracy:    desc("score_accuracy", "Share of right classes among the last rows labelled.", "pipeline"),
		brier:       desc("score_brier", "Brier score of the last rows labelled, in [0,2].", "pipeline"),
		logLoss:     desc("score_log_loss", "Mean of -ln p(label) of the last rows labelled.", "pipeline"),
		calibration: desc("score_calibration_error", "Expected calibration error of the last rows labelled.", "pipeline"),
		auc:         desc("score_auc", "Area under the ROC curve of the last rows labelled; models of two classes.", "pipeline"),
		gauc:        desc("score_gauc", "AUC of the last rows labelled within each key, averaged by rows.", "pipeline"),
		advantage:   desc("score_advantage", "Accuracy less the source model's on the same rows, since start: mean, and the ends of its 95 % interval.", "pipeline", "bound"),
	}
}

// Describe implements prometheus.Collector.
func (c *labelCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.states, c.messages, c.redelivered, c.limited, c.dropped, c.dead, c.waiting, c.ledgerRows, c.ledgerBytes, c.ledgerEvicted, c.ledgerRenamed, c.ledgerOversized,
		c.labelled, c.accuracy, c.brier, c.logLoss, c.calibration, c.auc, c.gauc, c.advantage,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *labelCollector) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := c.labels()
	for _, state := range stream.LabelStates() {
		counter(c.states, float64(s.States[state]), string(state))
	}
	for code, n := range s.DeadLetters {
		counter(c.dead, float64(n), string(code))
	}
	counter(c.messages, float64(s.Messages))
	counter(c.redelivered, float64(s.Redelivered))
	counter(c.limited, float64(s.Limited))
	counter(c.dropped, float64(s.Dropped))
	gauge(c.waiting, float64(s.Waiting))

	scores := c.scores()
	if scores.Ledger != nil {
		c.ledger(*scores.Ledger, counter, gauge)
	}
	for i, s := range scores.Standings {
		// A pipeline that is the source model may have its name, and then tells the same.
		shadowed := i == 0 && slices.ContainsFunc(scores.Standings[1:], func(p tta.Standing) bool { return p.Pipeline == s.Pipeline })
		if !shadowed {
			c.standing(s, counter, gauge)
		}
	}
}

func (c *labelCollector) ledger(l tta.LedgerStats, counter, gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	gauge(c.ledgerRows, float64(l.Rows))
	gauge(c.ledgerBytes, float64(l.Bytes))
	counter(c.ledgerEvicted, float64(l.Evicted))
	counter(c.ledgerRenamed, float64(l.Renamed))
	counter(c.ledgerOversized, float64(l.Oversized))
}

// standing leaves out what no label has said anything about.
func (c *labelCollector) standing(s tta.Standing, counter, gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	name := s.Pipeline
	counter(c.labelled, float64(s.Total.Rows), name)
	if s.Window.Rows == 0 {
		return
	}
	gauge(c.accuracy, s.Window.Accuracy, name)
	gauge(c.brier, s.Window.Brier, name)
	gauge(c.logLoss, s.Window.NLL, name)
	gauge(c.calibration, s.Window.ECE, name)
	if s.Window.AUC != nil {
		gauge(c.auc, *s.Window.AUC, name)
	}
	if s.Window.GAUC != nil {
		gauge(c.gauc, *s.Window.GAUC, name)
	}
	if s.Role == "" || s.Advantage.Rows == 0 {
		return
	}
	gauge(c.advantage, s.Advantage.Mean, name, "mean")
	gauge(c.advantage, s.Advantage.Low, name, "low")
	gauge(c.advantage, s.Advantage.High, name, "high")
}
