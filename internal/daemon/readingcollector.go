package daemon

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"ttad/tta"
)

// maxReadingClasses bounds the series of a metric: what strategies tell class by
// class of a model with more classes is in the scores only.
const maxReadingClasses = 64

// readingCollector tells what strategies have learned.
type readingCollector struct {
	scores  func() Scores
	reading *prometheus.Desc
}

func newReadingCollector(group string, scores func() Scores) *readingCollector {
	return &readingCollector{scores, prometheus.NewDesc("ttad_strategy_reading",
		"What a strategy has learned, in numbers; class is empty where one is not about a class.",
		[]string{"pipeline", "strategy", "reading", "class"}, prometheus.Labels{"group": group})}
}

// Describe implements prometheus.Collector.
func (c *readingCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.reading }

// Collect implements prometheus.Collector.
func (c *readingCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.scores().Readings {
		tooMany := slices.ContainsFunc(s.Readings, func(r tta.Reading) bool { return r.Class >= maxReadingClasses })
		for _, r := range s.Readings {
			class := ""
			if r.Class >= 0 {
				class = strconv.Itoa(r.Class)
			}
			if class == "" || !tooMany {
				ch <- prometheus.MustNewConstMetric(c.reading, prometheus.GaugeValue, r.Value, s.Pipeline, s.Strategy, r.Name, class)
			}
		}
	}
}
