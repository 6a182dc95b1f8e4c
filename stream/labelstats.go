package stream

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"ttad/tta"
)

// LabelStats are counters since Run began.
type LabelStats struct {
	Messages    int64                    // taken
	Redelivered int64                    // of those, delivered more than once
	Limited     int64                    // labels that waited because of limits.feedback_per_second
	Dropped     int64                    // core NATS: messages that came faster than they were taken
	Waiting     int64                    // messages with labels whose items have not come yet
	States      map[tta.LabelState]int64 // labels by what became of them; early ones once
	DeadLetters map[Code]int64           // messages, by code
}

// labelCounters are written by the intake and read by anyone.
type labelCounters struct {
	messages, redelivered, limited, waiting atomic.Int64

	mu     sync.Mutex
	states map[tta.LabelState]int64
	dead   map[Code]int64
}

func (c *labelCounters) count(s tta.LabelState, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[tta.LabelState]int64{}
	}
	c.states[s] += int64(n)
}

func (c *labelCounters) deadLetter(code Code, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead == nil {
		c.dead = map[Code]int64{}
	}
	c.dead[code] += int64(n)
}

// Stats may be read at any time.
func (l *Labels) Stats() LabelStats {
	c := &l.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	return LabelStats{
		Messages: c.messages.Load(), Redelivered: c.redelivered.Load(), Limited: c.limited.Load(),
		Dropped: l.source.dropped(), Waiting: c.waiting.Load(),
		States: maps.Clone(c.states), DeadLetters: maps.Clone(c.dead),
	}
}

// LabelStates lists what can become of a label, for those who count them.
func LabelStates() []tta.LabelState {
	return []tta.LabelState{
		tta.LabelLearned, tta.LabelRevised, tta.LabelRepeated, tta.LabelAgain, tta.LabelConflict,
		tta.LabelEarly, tta.LabelExpired, tta.LabelInvalid, LabelUnknown,
	}
}

// Kinds of events about labels.
const (
	EventLabelConflict = "label.conflict"
	EventLabelFlood    = "label.flood"
)

// labelWatch turns what happens to labels into events and log lines, seldom enough
// to be read.
type labelWatch struct {
	tell      func(Event)
	log       zerolog.Logger
	now       func() time.Time
	perSecond int

	conflicts, floods, full, refusals seldom
}

func newLabelWatch(o LabelOptions) labelWatch {
	return labelWatch{
		tell: o.Event, log: o.Log, now: o.Now, perSecond: o.Limits.FeedbackPerSecond,
		conflicts: seldom{every: 10 * time.Second}, refusals: seldom{every: 10 * time.Second},
		floods: seldom{every: time.Minute}, full: seldom{every: time.Minute},
	}
}

// seldom lets one through a while and counts those it holds back.
type seldom struct {
	every time.Duration
	last  time.Time
	held  int
}

func (s *seldom) add(n int, now time.Time) (total int, pass bool) {
	s.held += n
	if !s.last.IsZero() && now.Sub(s.last) < s.every {
		return 0, false
	}
	total, s.held, s.last = s.held, 0, now
	return total, true
}

func (w *labelWatch) conflict(l *tta.Label, why string) {
	total, pass := w.conflicts.add(1, w.now())
	if !pass {
		return
	}
	evidence := map[string]any{"conflicts": total, "row": l.Row, "class": l.Class, "why": why}
	if l.ID != "" {
		evidence["id"] = l.ID
	} else {
		evidence["seq"] = l.Seq
	}
	w.tell(Event{
		Kind: EventLabelConflict, Severity: Warn, Message: "labels differ from those already learned for the same row; the first ones stay",
		Hint: `find out which labeler is right; "revise":true replaces a label`, Evidence: evidence,
	})
}

// refused logs an example; every message has its own reason in its dead letter.
func (w *labelWatch) refused(m *labelMessage) {
	if total, pass := w.refusals.add(1, w.now()); pass {
		w.log.Warn().Int("messages", total).Str("code", string(m.Refused.Code)).Str("subject", m.Item.Subject).
			Uint64("stream_seq", m.Item.Seq).Str("error", m.Refused.Message).Msg("labels refused")
	}
}

func (w *labelWatch) limited(labels int) {
	if total, pass := w.floods.add(labels, w.now()); pass {
		w.tell(Event{
			Kind: EventLabelFlood, Severity: Warn, Message: "labels come faster than limits.feedback_per_second; they wait on the server",
			Hint:     "raise limits.feedback_per_second, or find out who sends so many",
			Evidence: map[string]any{"labels": total, "feedback_per_second": w.perSecond},
		})
	}
}

func (w *labelWatch) noRoom(labels int) {
	if total, pass := w.full.add(labels, w.now()); pass {
		w.tell(Event{
			Kind: EventLabelFlood, Severity: Warn, Message: "too many labels wait for items that have not come; more of them are given up at once",
			Hint:     "find out who sends labels for ids that do not exist, or lower feedback.max_wait",
			Evidence: map[string]any{"labels": total, "messages": maxWaitingMessages},
		})
	}
}
