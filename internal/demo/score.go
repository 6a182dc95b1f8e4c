package demo

import (
	"sync"
	"time"
)

// Answer is what came back for one row.
type Answer struct {
	Class  int // corrected
	Source int // the model's own, from the same message
}

// Score compares answers with the truth. The producer and the reader of outputs
// write it, the view reads it, all at the same time.
type Score struct {
	mu      sync.Mutex
	phases  []Phase
	now     func() time.Time
	started time.Time
	ended   time.Time // zero while it runs
	rows    []outcome
	counts  Counts
}

// outcome is one row, in the order sent.
type outcome struct {
	phase      int
	label      int
	at         time.Time
	latency    time.Duration
	answered   bool
	answer     Answer
	challenged bool
	challenger int
}

// Counts say what became of the messages.
type Counts struct {
	Sent        int `json:"sent"`
	Answered    int `json:"answered"`
	Challenged  int `json:"challenger_answered"`
	DeadLetters int `json:"dead_letters"`
	Duplicates  int `json:"duplicates"`
	// Unknown outputs carry an id or a body that this run did not send or cannot read.
	Unknown int `json:"unknown"`
}

// Lost is what was sent and never came back in any form.
func (c Counts) Lost() int { return c.Sent - c.Answered - c.DeadLetters }

// NewScore expects the rows of phases. now is the clock times are taken with.
func NewScore(phases []Phase, now func() time.Time) *Score {
	return &Score{phases: phases, now: now, started: now()}
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
	s.rows = append(s.rows, outcome{phase: row.Phase, label: row.Label, at: s.now()})
	s.counts.Sent = len(s.rows)
}

// Unsend takes back the last Send, whose row never left.
func (s *Score) Unsend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = s.rows[:len(s.rows)-1]
	s.counts.Sent = len(s.rows)
}

// Answer records the champion's output for the row with this index. Like
// Challenge, it reports whether the row now has both its outputs.
func (s *Score) Answer(index int, a Answer) bool {
	return s.record(index, func(o *outcome) bool {
		if o.answered {
			return false
		}
		o.answered, o.answer, o.latency = true, a, s.now().Sub(o.at)
		s.counts.Answered++
		return true
	})
}

// Challenge records the challenger's class for the row with this index.
func (s *Score) Challenge(index, class int) bool {
	return s.record(index, func(o *outcome) bool {
		if o.challenged {
			return false
		}
		o.challenged, o.challenger = true, class
		s.counts.Challenged++
		return true
	})
}

// record lets set write the row's outcome. An index never sent counts as unknown,
// and an output that set has seen before as a duplicate.
func (s *Score) record(index int, set func(*outcome) bool) (complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index < 0 || index >= len(s.rows) {
		s.counts.Unknown++
		return false
	}
	o := &s.rows[index]
	if !set(o) {
		s.counts.Duplicates++
		return false
	}
	return o.answered && o.challenged
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

// Latencies returns the time from publishing to the answer's arrival of every
// answered row.
func (s *Score) Latencies() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []time.Duration
	for _, o := range s.rows {
		if o.answered {
			out = append(out, o.latency)
		}
	}
	return out
}
