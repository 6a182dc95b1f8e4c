package stream

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"ttad/tta"
)

// letter is one message to publish in answer to a delivery.
type letter struct {
	to   *Delivery
	msg  *nats.Msg
	code Code // set on dead letters
	alt  bool // a challenger's
}

// writer composes what is published; it belongs to one goroutine.
type writer struct {
	encode     outputEncoder
	subjects   Subjects
	maxPayload int64
	maxBody    int64
	// epoch tells two input streams of the same name apart: a stream made anew
	// starts at sequence 1 and must not have its answers taken for repeats.
	epoch string
}

func newWriter(o GroupOptions, maxPayload int64, epoch string) *writer {
	return &writer{
		encode: outputEncoder{
			rowEncoder: rowEncoder{cfg: o.Output}, group: o.Group, model: o.Model, generation: o.Generation,
		},
		subjects: o.subjects(), maxPayload: maxPayload, maxBody: o.DLQ.MaxBody, epoch: epoch,
	}
}

// compose writes the letters of a parcel in order of arrival: per message its
// champion's answer, then its challengers', or its dead letter.
func (w *writer) compose(p *Parcel, answers [][]tta.Prediction) ([]letter, error) {
	if p.Generation != 0 {
		w.encode.generation = p.Generation
	}
	letters := make([]letter, 0, len(p.Deliveries))
	for _, d := range p.Deliveries {
		if d.Refused != nil {
			letters = append(letters, w.dead(d))
			continue
		}
		if d.at >= len(answers) {
			return nil, fmt.Errorf("commit: %d answers for %d items", len(answers), len(p.Batch.Items))
		}
		answered := 0
		for i := range answers[d.at] {
			a := &answers[d.at][i]
			if a.Role == tta.Shadow {
				continue
			}
			if a.Role == tta.Champion {
				answered++
			}
			if l := w.output(d, a); l.msg != nil {
				letters = append(letters, l)
			}
		}
		if answered != 1 {
			return nil, fmt.Errorf("commit: item %d has %d answers of the champion, expected 1", d.at, answered)
		}
	}
	return letters, nil
}

// output writes one prediction; a champion's that no message can hold becomes a
// dead letter, a challenger's is left out.
func (w *writer) output(d *Delivery, p *tta.Prediction) letter {
	msg := nats.NewMsg(w.subjects.Out(d.Item.Key))
	id := w.answerID(d)
	if p.Role == tta.Challenger {
		msg.Subject = w.subjects.Alt(p.Pipeline, d.Item.Key)
		id += "/" + p.Pipeline
	}
	for name, values := range d.Item.Header {
		msg.Header[name] = values
	}
	w.about(msg.Header, d, id)
	msg.Header.Set(HeaderID, d.Item.ID)
	msg.Header.Set(HeaderContentType, ContentJSON)
	msg.Header.Set(HeaderModel, w.encode.model)
	msg.Header.Set(HeaderGeneration, strconv.FormatUint(w.encode.generation, 10))
	msg.Header.Set(HeaderPipeline, p.Pipeline)
	msg.Header.Set(HeaderStep, strconv.FormatUint(p.Step, 10))
	msg.Header.Set(HeaderGuard, guardWord(p))
	msg.Data = w.encode.body(p, d.RequestID)
	size := int64(msg.Size())
	switch {
	case size <= w.maxPayload:
		return letter{to: d, msg: msg, alt: p.Role == tta.Challenger}
	case p.Role == tta.Champion:
		d.Refused = Refusef(TooLarge, "the answer has %d bytes, the server takes %d; send fewer rows a message or set output.probs: top", size, w.maxPayload)
		return w.dead(d)
	}
	return letter{} // a challenger is told by its champion's dead letter
}

// guardWord is ok, or what the first row the guard changed says: source, with the
// reason.
func guardWord(p *tta.Prediction) string {
	for i := range p.Rows {
		if g := p.Rows[i].Guard; g != tta.GuardOK && g != "" {
			return g
		}
	}
	return tta.GuardOK
}

// dead writes a dead letter: the message as it came, cut where it must be, with
// the reason in headers.
func (w *writer) dead(d *Delivery) letter {
	msg := nats.NewMsg(w.subjects.DLQ())
	msg.Header.Set(HeaderID, d.Item.ID)
	if headerBytes(d.Header) <= maxHeaderBytes {
		for name, values := range d.Header {
			if !reserved(name) {
				msg.Header[name] = values
			}
		}
	}
	w.about(msg.Header, d, w.answerID(d))
	msg.Header.Set(HeaderErrorCode, string(d.Refused.Code))
	msg.Header.Set(HeaderError, headerText(d.Refused.Message))
	room := max(0, w.maxPayload-int64(msg.Size()))
	msg.Data = d.Body[:min(int64(len(d.Body)), w.maxBody, room)]
	return letter{to: d, msg: msg, code: d.Refused.Code}
}

// about sets where the message came from and the id that makes a repeat a repeat.
// A message's answer and its dead letter share the id, so the server keeps one of
// them even when a crash lies between.
func (w *writer) about(h nats.Header, d *Delivery, id string) {
	h.Set(HeaderSrcSubject, d.Item.Subject)
	if d.Item.Stream == "" {
		return
	}
	h.Set(HeaderMsgID, id)
	h.Set(HeaderSrcStream, d.Item.Stream)
	h.Set(HeaderSrcSeq, strconv.FormatUint(d.Item.Seq, 10))
}

func (w *writer) answerID(d *Delivery) string {
	return w.subjects.Group + "/" + d.Item.Stream + "." + w.epoch + "/" + strconv.FormatUint(d.Item.Seq, 10)
}

// headerText keeps a message on one line and of a bounded length.
func headerText(s string) string {
	const most = 1024
	clean := make([]byte, 0, min(len(s), most))
	for _, r := range s {
		if len(clean) >= most-utf8.UTFMax {
			break
		}
		if r < 0x20 || r == 0x7f {
			r = ' '
		}
		clean = utf8.AppendRune(clean, r)
	}
	return string(clean)
}
