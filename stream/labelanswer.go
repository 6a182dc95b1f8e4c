package stream

import (
	"context"
	"fmt"
	"time"

	"ttad/tta"
)

// labelCall is what one call of the handle is about.
type labelCall struct {
	messages []*labelMessage
	labels   []tta.Label
	from     []labelPlace // of each label
	fresh    int          // labels that were not here before; a refused message is one
}

// labelPlace is a label's place in its message.
type labelPlace struct {
	message *labelMessage
	at      uint16
}

// pack reads messages from the first on, up to MaxLabels labels.
func (l *Labels) pack(messages []*labelMessage) labelCall {
	var c labelCall
	for _, m := range messages {
		l.read(m)
		if len(c.labels)+len(m.open) > MaxLabels {
			break
		}
		c.messages = append(c.messages, m)
		if m.before == nil {
			c.fresh += max(len(m.open), 1)
		}
		for _, at := range m.open {
			c.labels = append(c.labels, m.labels[at].Label)
			c.from = append(c.from, labelPlace{m, at})
		}
	}
	return c
}

// read decodes a message, and of one that was here before leaves only what has come
// to nothing yet.
func (l *Labels) read(m *labelMessage) {
	if m.read {
		return
	}
	m.read = true
	l.stats.messages.Add(1)
	if m.Attempt > 1 {
		l.stats.redelivered.Add(1)
	}
	var err *CodedError
	if m.labels, err = l.codec.Load().decode(m.Header, m.Body); err != nil {
		m.refuse(err)
		return
	}
	if m.before = l.room.take(m.Item.Seq, m.stored); m.before != nil {
		m.open, m.wrong = m.before.open, m.before.wrong
	} else {
		l.open(m)
	}
	if m.Item.Stream != "" {
		for i := range m.labels {
			m.labels[i].From = m.Item.Seq
		}
	}
}

// open lists the labels of a message that is here for the first time.
func (l *Labels) open(m *labelMessage) {
	for i, label := range m.labels {
		if label.wrong != "" {
			l.stats.count(tta.LabelInvalid, 1)
			m.wrong.add(i, label.wrong)
			continue
		}
		m.open = append(m.open, uint16(i))
	}
}

// answer hands labels to the group and finishes their messages.
func (l *Labels) answer(ctx context.Context, c labelCall, handle LabelHandle) error {
	if len(c.labels) > 0 {
		learned, err := handle(ctx, c.labels)
		if err != nil {
			return fmt.Errorf("learn from %d labels: %w", len(c.labels), err)
		}
		if len(learned) != len(c.labels) {
			return fmt.Errorf("learn from %d labels: got %d outcomes", len(c.labels), len(learned))
		}
		for _, m := range c.messages {
			m.open = nil
		}
		for i, what := range learned {
			l.note(c.from[i], &c.labels[i], what)
		}
	}
	for _, m := range c.messages {
		if err := l.finish(ctx, m); err != nil {
			return err
		}
	}
	l.stats.waiting.Store(int64(len(l.room.messages)))
	return nil
}

// note records what became of one label.
func (l *Labels) note(p labelPlace, label *tta.Label, what tta.Learned) {
	m := p.message
	switch what.State {
	case tta.LabelEarly:
		m.open = append(m.open, p.at)
		return
	case tta.LabelInvalid:
		m.wrong.add(int(p.at), what.Why)
	case tta.LabelConflict:
		l.watch.conflict(label, what.Why)
	}
	l.stats.count(what.State, 1)
}

// finish acknowledges a message, or has it delivered again while labels of it wait
// for their items. Labels that fit nothing are told in a dead letter at its end.
func (l *Labels) finish(ctx context.Context, m *labelMessage) error {
	if len(m.open) > 0 && l.wait(ctx, m) {
		return nil
	}
	if m.Refused == nil && m.wrong.count > 0 {
		m.refuse(m.wrong.reason(len(m.labels)))
	}
	if m.Refused != nil {
		r := Receipt{DeadLetters: map[Code]int{}}
		if err := l.out.post(ctx, []letter{l.out.dead(m.Delivery)}, &r); err != nil {
			return fmt.Errorf("put labels on the dead letter subject: %w", err)
		}
		for code, n := range r.DeadLetters { // none where commit mode none lost it
			l.stats.deadLetter(code, n)
		}
		l.watch.refused(m)
	}
	// A lost acknowledgement brings the message again, and its labels repeat
	// themselves.
	_ = m.acknowledge()
	return nil
}

// wait has a message delivered again; false when its labels have waited long
// enough, or there is no room.
func (l *Labels) wait(ctx context.Context, m *labelMessage) bool {
	now := l.o.Now()
	w := m.before
	if w == nil {
		w = &waiting{stored: m.stored, since: now, bytes: m.held}
		l.stats.count(tta.LabelEarly, len(m.open))
	}
	w.open, w.wrong = m.open, m.wrong
	switch {
	case l.overdue(ctx, m, w, now):
	case !l.room.put(m.Item.Seq, w, now):
		l.watch.noRoom(len(m.open))
	default:
		delay := w.delay(now, l.o.Feedback.MaxWait)
		w.tries++
		// What cannot be asked for comes again when its time is over.
		_ = m.again(delay)
		return true
	}
	l.stats.count(LabelUnknown, len(m.open))
	return false
}

// overdue says whether items have had their time. While inputs that were stored
// before the labels are left, as after an outage, the items may be among them; but
// after feedback.window nobody would learn from their labels.
func (l *Labels) overdue(ctx context.Context, m *labelMessage, w *waiting, now time.Time) bool {
	waited := now.Sub(w.since)
	return waited >= l.o.Feedback.MaxWait && (waited >= time.Duration(l.window.Load()) || !l.o.Behind(ctx, m.stored))
}
