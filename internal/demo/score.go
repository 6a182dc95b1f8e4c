package demo

import (
	"slices"
	"sync"
	"time"

	"ttad/tta"
)

// Answer is what a pipeline's output says of one row.
type Answer struct {
	Pipeline string
	Class    int
	Source   int // the model's own, from the same message
}

// Score compares answers with the truth. The producer and the reader of outputs
// write it, the view reads it, all at the same time.
type Score struct {
	mu       sync.Mutex
	phases   []Phase
	parties  []Party // the source model first
	champion int     // among parties
	now      func() time.Time
	started  time.Time
	ended    time.Time // zero while it runs
	rows     []outcome
	counts   Counts

	standings []tta.Standing
}

// outcome is one row, in the order sent.
type outcome struct {
	phase    int
	label    int
	labelled bool // the label is sent, so that the row says nothing about what was learned
	at       time.Time
	latency  time.Duration
	classes  []int // by party; none before its answer
}

// none stands for the class of a party that has not answered.
const none = -1

// Counts say what became of the messages.
type Counts struct {
	Sent        int `json:"sent"`
	Answered    int `json:"answered"`           // by the champion
	Challenged  int `json:"challenger_answers"` // of all challengers together
	DeadLetters int `json:"dead_letters"`
	Duplicates  int `json:"duplicates"`
	// Unknown outputs carry an id or a body that this run did not send or cannot read.
	Unknown int `json:"unknown"`
	Labels  int `json:"labels"` // sent
}

// Lost is what was sent and never came back in any form.
func (c Counts) Lost() int { return c.Sent - c.Answered - c.DeadLetters }

// NewScore expects the rows of phases, answered by parties: the source model
// first, one champion among the others. now is the clock times are taken with.
func NewScore(phases []Phase, parties []Party, now func() time.Time) *Score {
	return &Score{phases: phases, parties: parties, champion: championOf(parties), now: now, started: now()}
}

// Start begins the time rows a second are counted in.
func (s *Score) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = s.now()
}

// Stop ends the time rows a second are counted in.
func (s *Score) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = s.now()
}

// Send notes that row is on its way. Rows are sent in order.
func (s *Score) Send(row Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, outcome{
		phase: row.Phase, label: row.Label, labelled: row.Labelled, at: s.now(),
		classes: slices.Repeat([]int{none}, len(s.parties)),
	})
	s.counts.Sent = len(s.rows)
}

// Unsend takes back the last Send, whose row never left.
func (s *Score) Unsend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = s.rows[:len(s.rows)-1]
	s.counts.Sent = len(s.rows)
}

// Answer records a pipeline's output for the row with this index. It reports
// whether the row now has the outputs of all. An index never sent or a pipeline
// not among the parties counts as unknown, a second output as a duplicate.
func (s *Score) Answer(index int, a Answer) (complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	party := slices.IndexFunc(s.parties, func(p Party) bool { return p.Name == a.Pipeline })
	if index < 0 || index >= len(s.rows) || party <= 0 {
		s.counts.Unknown++
		return false
	}
	o := &s.rows[index]
	if o.classes[party] != none {
		s.counts.Duplicates++
		return false
	}
	o.classes[party] = a.Class
	if party == s.champion {
		o.classes[0], o.latency = a.Source, s.now().Sub(o.at)
		s.counts.Answered++
	} else {
		s.counts.Challenged++
	}
	return !slices.Contains(o.classes, none)
}

// Unknown counts an output that belongs to no row.
func (s *Score) Unknown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Unknown++
}

// DeadLetter counts a row that was refused.
func (s *Score) DeadLetter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.DeadLetters++
}

// Labels notes how many labels were sent, and how the daemon says that the
// pipelines stand by them.
func (s *Score) Labels(sent int, standings []tta.Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Labels, s.standings = sent, standings
}

// Counts returns what became of the messages so far.
func (s *Score) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Elapsed is the time from Start to Stop, or to now.
func (s *Score) Elapsed() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended.IsZero() {
		return s.ended.Sub(s.started)
	}
	return s.now().Sub(s.started)
}

// Latencies returns the time from publishing to the arrival of the champion's
// answer, of every row it answered.
func (s *Score) Latencies() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []time.Duration
	for _, o := range s.rows {
		if o.classes[s.champion] != none {
			out = append(out, o.latency)
		}
	}
	return out
}
