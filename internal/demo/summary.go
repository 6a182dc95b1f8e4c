package demo

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Summary is what a run showed, as ttad demo --json prints it.
type Summary struct {
	Seed    uint64         `json:"seed"`
	Stopped bool           `json:"stopped_early"`
	Parties []Party        `json:"parties"`
	Phases  []PhaseSummary `json:"phases"`
	Overall PhaseSummary   `json:"overall"`
	// ByLabels is what the daemon says of the rows it got labels of.
	ByLabels PhaseSummary `json:"by_labels"`
	Counts
	LostRows int `json:"lost"`

	Seconds       float64 `json:"seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// LatencyMS is from publishing a row to receiving its answer; most of it is
	// waiting for the batch to fill.
	LatencyMS Percentiles `json:"latency_ms"`
	Figure    string      `json:"figure,omitempty"`
}

// PhaseSummary is one line of the table.
type PhaseSummary struct {
	Name string `json:"name"`
	// Rows were answered by the champion and are not of images that got labels.
	Rows       int                `json:"rows"`
	Accuracy   map[string]float64 `json:"accuracy"` // by party; those that answered
	GainPoints float64            `json:"gain_points"`
}

func (s *Score) phaseSummary(name string, a Accuracy) PhaseSummary {
	p := PhaseSummary{Name: name, Rows: a.Rows, Accuracy: map[string]float64{}, GainPoints: 100 * a.Gain}
	for i, share := range a.Shares {
		if !math.IsNaN(share) {
			p.Accuracy[s.parties[i].Name] = share
		}
	}
	return p
}

// Percentiles of a set of times.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Summarize reads everything off a score. It is called once rows have stopped.
func Summarize(s *Score, seed uint64) *Summary {
	took := s.Elapsed().Seconds()
	sum := &Summary{Seed: seed, Parties: s.parties, Counts: s.Counts(), Seconds: took}
	sum.LostRows = sum.Counts.Lost()
	sum.Stopped = sum.Sent < total(s.phases)
	if took > 0 {
		sum.RowsPerSecond = float64(sum.Answered) / took
	}
	for i, a := range s.Phases() {
		sum.Phases = append(sum.Phases, s.phaseSummary(s.phases[i].Name, a))
	}
	sum.Overall = s.phaseSummary("all", s.Overall())
	sum.ByLabels = s.byLabels()
	sum.LatencyMS = percentiles(s.Latencies())
	return sum
}

func percentiles(times []time.Duration) Percentiles {
	if len(times) == 0 {
		return Percentiles{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		i := min(len(times)-1, int(share*float64(len(times))))
		return float64(times[i].Microseconds()) / 1000
	}
	return Percentiles{P50: at(0.50), P95: at(0.95), P99: at(0.99)}
}

// Print writes the table for people.
func (s *Summary) Print(w io.Writer) error {
	var b strings.Builder
	b.WriteString(tableHeader(s.Parties))
	for _, p := range append(slices.Clone(s.Phases), s.Overall, s.ByLabels) {
		if p.Rows > 0 {
			b.WriteString(tableRow(p.Name, p.Rows, s.cells(p), p.GainPoints))
		}
	}
	b.WriteString("\n")
	for _, p := range s.Parties {
		fmt.Fprintf(&b, "%-8s %s\n", p.Name, p.does())
	}
	b.WriteString("\naccuracy is over images whose classes were never sent as labels")
	if s.ByLabels.Rows > 0 {
		b.WriteString("; the last line is over those that were")
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "%d rows in %.1f s, %.0f a second; latency %.0f ms median, %.0f ms 95th percentile, %.0f ms 99th\n",
		s.Answered, s.Seconds, s.RowsPerSecond, s.LatencyMS.P50, s.LatencyMS.P95, s.LatencyMS.P99)
	fmt.Fprintf(&b, "%d sent, %d answered, %d dead letters, %d lost, %d answered twice; %d labels sent\n",
		s.Sent, s.Answered, s.DeadLetters, s.LostRows, s.Duplicates, s.Counts.Labels)
	if s.Stopped {
		b.WriteString("stopped before the stream ended; everything sent until then was drained\n")
	}
	if s.Figure != "" {
		fmt.Fprintf(&b, "curves: %s\n", s.Figure)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print summary: %w", err)
	}
	return nil
}

// cells are a line's shares in the parties' order.
func (s *Summary) cells(p PhaseSummary) []string {
	cells := make([]string, len(s.Parties))
	for i, party := range s.Parties {
		share, answered := p.Accuracy[party.Name]
		cells[i] = tableCell(share, answered)
	}
	return cells
}
