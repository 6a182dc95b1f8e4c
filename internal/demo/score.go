package demo

import (
	"math"
	"sync"
	"time"
)

// window is how many rows an accuracy curve looks back on.
const window = 200

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
	return &Score{phases: phases, now: now, started: now(), rows: make([]outcome, 0, total(phases))}
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

// Accuracy is the share of rows right: of the model alone, of the challenger's
// correction and of the champion's.
type Accuracy struct {
	Rows       int     `json:"rows"`
	Source     float64 `json:"source"`
	Challenger float64 `json:"challenger"`
	Corrected  float64 `json:"corrected"`
}

// Gain is what the champion's correction added.
func (a Accuracy) Gain() float64 { return a.Corrected - a.Source }

// tally counts towards an Accuracy.
type tally struct{ rows, source, corrected, challenged, challenger int }

func (t *tally) add(o outcome, sign int) {
	if !o.answered {
		return
	}
	t.rows += sign
	if o.answer.Source == o.label {
		t.source += sign
	}
	if o.answer.Class == o.label {
		t.corrected += sign
	}
	if o.challenged {
		t.challenged += sign
	}
	if o.challenged && o.challenger == o.label {
		t.challenger += sign
	}
}

func (t tally) accuracy() Accuracy {
	if t.rows == 0 {
		return Accuracy{}
	}
	n := float64(t.rows)
	return Accuracy{
		Rows: t.rows, Source: float64(t.source) / n, Corrected: float64(t.corrected) / n,
		Challenger: float64(t.challenger) / float64(max(1, t.challenged)),
	}
}

// Phases returns the accuracy within each phase so far.
func (s *Score) Phases() []Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	tallies := make([]tally, len(s.phases))
	for _, o := range s.rows {
		tallies[o.phase].add(o, 1)
	}
	out := make([]Accuracy, len(tallies))
	for i, t := range tallies {
		out[i] = t.accuracy()
	}
	return out
}

// Overall returns the accuracy over all rows so far.
func (s *Score) Overall() Accuracy {
	s.mu.Lock()
	defer s.mu.Unlock()
	var t tally
	for _, o := range s.rows {
		t.add(o, 1)
	}
	return t.accuracy()
}

// Curve is accuracy over the last rows, at points along the stream. Values are NaN
// where no row of the window has been answered.
type Curve struct{ X, Source, Challenger, Corrected []float64 }

// Curve has about the given number of points over the whole stream, of which as
// many are returned as rows were sent.
func (s *Score) Curve(points int) Curve {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := max(1, total(s.phases)/max(1, points))
	var c Curve
	var t tally
	for i, o := range s.rows {
		t.add(o, 1)
		if i >= window {
			t.add(s.rows[i-window], -1)
		}
		if (i+1)%step != 0 && i+1 != total(s.phases) {
			continue
		}
		c.X = append(c.X, float64(i+1))
		a := t.accuracy()
		if t.rows == 0 {
			a.Source, a.Corrected = math.NaN(), math.NaN()
		}
		if t.challenged == 0 {
			a.Challenger = math.NaN()
		}
		c.Source, c.Corrected = append(c.Source, a.Source), append(c.Corrected, a.Corrected)
		c.Challenger = append(c.Challenger, a.Challenger)
	}
	return c
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
