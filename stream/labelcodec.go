package stream

import (
	"strconv"

	"github.com/nats-io/nats.go"

	"ttad/tta"
)

// sentLabel is one label of a message. Where its class has a name that nobody
// knows, Class is -1 and wrong says so: its neighbours are none the worse for it.
type sentLabel struct {
	tta.Label
	wrong string
	given labelMembers
}

// labelMembers notes which members an object had, each at most once.
type labelMembers uint8

const (
	hasID labelMembers = 1 << iota
	hasSeq
	hasRow
	hasLabel
	hasWeight
	hasRevise
)

func memberOf(key string) labelMembers {
	switch key {
	case "id":
		return hasID
	case "seq":
		return hasSeq
	case "row":
		return hasRow
	case "label":
		return hasLabel
	case "weight":
		return hasWeight
	case "revise":
		return hasRevise
	}
	return 0
}

// labelCodec reads the messages of a feedback subject.
type labelCodec struct {
	maxBytes int64
	classes  map[string]int
}

// newLabelCodec knows classes by name; where two share one it means the first.
func newLabelCodec(maxBytes int64, classes []string) *labelCodec {
	c := &labelCodec{maxBytes: maxBytes, classes: make(map[string]int, len(classes))}
	for i, name := range classes {
		if _, twice := c.classes[name]; !twice {
			c.classes[name] = i
		}
	}
	return c
}

// decode returns a message's labels in their order, at least one and at most
// MaxLabels. What it refuses, it refuses whole.
func (c *labelCodec) decode(h nats.Header, body []byte) ([]sentLabel, *CodedError) {
	if n := headerBytes(h); n > maxHeaderBytes {
		return nil, Refusef(BadHeader, "headers of %d bytes, at most %d", n, maxHeaderBytes)
	}
	if content, _ := headerValue(h, HeaderContentType); content != "" && mediaType(content) != ContentJSON {
		return nil, Refusef(BadCodec, "Content-Type %q, labels are %s", content, ContentJSON)
	}
	if n := int64(len(body)); n > c.maxBytes {
		return nil, Refusef(TooLarge, "message of %d bytes, at most %d (limits.message_bytes)", n, c.maxBytes)
	}
	return c.parse(body)
}

// parse reads one label, or an object that lists several under "labels".
func (c *labelCodec) parse(body []byte) (labels []sentLabel, refused *CodedError) {
	s := &jsonScan{b: body}
	var single sentLabel
	listed := false
	err := s.object(`a label, {"id":...,"label":...}, or {"labels":[...]}`, func(key string) (err error) {
		switch {
		case key != "labels":
			return c.member(s, &single, key)
		case listed:
			return s.errorf("labels is given twice")
		}
		listed = true
		labels, refused, err = c.list(s)
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, Refusef(BadJSON, "%v", err)
	case listed && single.given != 0:
		return nil, Refusef(BadLabel, "both labels and a label beside it; send one or the other")
	case !listed:
		labels = []sentLabel{single}
	}
	return checkedLabels(labels)
}

func (c *labelCodec) list(s *jsonScan) (labels []sentLabel, refused *CodedError, err error) {
	err = s.array("the array of labels", func() error {
		if len(labels) == MaxLabels {
			refused = Refusef(BadLabel, "more than %d labels in one message; send several messages", MaxLabels)
			return refused
		}
		var l sentLabel
		err := s.object("a label object", func(key string) error { return c.member(s, &l, key) })
		labels = append(labels, l)
		return err
	})
	return labels, refused, err
}

// member reads one member of a label. Those nobody here reads (time, source, ask
// and whatever comes later) are checked and skipped.
func (c *labelCodec) member(s *jsonScan, l *sentLabel, key string) (err error) {
	member := memberOf(key)
	switch {
	case member == 0:
		return s.skip(3)
	case l.given&member != 0:
		return s.errorf("%s is given twice", key)
	}
	l.given |= member
	switch member {
	case hasID:
		l.ID, err = s.text("id")
	case hasSeq:
		var seq int
		seq, err = s.atLeast(1, "seq")
		l.Seq = uint64(seq)
	case hasRow:
		l.Row, err = s.atLeast(0, "row")
	case hasLabel:
		err = c.class(s, l)
	case hasWeight:
		l.Weight, err = s.weight()
	case hasRevise:
		l.Revise, err = s.boolean("revise")
	}
	return err
}

// class reads an index or a name.
func (c *labelCodec) class(s *jsonScan, l *sentLabel) (err error) {
	if s.peek() != '"' {
		l.Class, err = s.atLeast(0, "label, the index or the name of a class")
		return err
	}
	name, err := s.text("label")
	if err != nil {
		return err
	}
	class, known := c.classes[name]
	l.Class = class
	switch {
	case known:
	case len(c.classes) == 0:
		l.Class, l.wrong = -1, "label "+shortQuote(name)+" is a name, and the model's classes have none (model.labels_file); send the index"
	default:
		l.Class, l.wrong = -1, "no class is named "+shortQuote(name)
	}
	return nil
}

// checkedLabels refuses labels that do not say which class, or of which item.
func checkedLabels(labels []sentLabel) ([]sentLabel, *CodedError) {
	if len(labels) == 0 {
		return nil, Refusef(BadLabel, "labels is empty")
	}
	for i := range labels {
		l := &labels[i]
		switch {
		case l.given&hasLabel == 0:
			return nil, Refusef(BadLabel, "labels[%d] has no label", i)
		case l.ID == "" && l.Seq == 0:
			return nil, Refusef(BadLabel, "labels[%d] names no item: give its id, or its seq in the input stream", i)
		case l.Seq != 0:
			l.ID = "" // the sequence is exact where ids repeat
		}
		if err := checkID("id", l.ID); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

// atLeast reads a whole number that is not below least.
func (s *jsonScan) atLeast(least int, what string) (int, error) {
	s.peek()
	start := s.at
	n, err := s.integer(what)
	if err == nil && n < least {
		s.at = start
		return 0, s.errorf("expected %s, at least %d, got %d", what, least, n)
	}
	return n, err
}

// weight reads a number in (0,1].
func (s *jsonScan) weight() (float32, error) {
	s.peek()
	v, next, ok := scanNumber(s.b, s.at)
	if !ok || !(v <= 1) || !(float32(v) > 0) {
		return 0, s.errorf("expected weight, a number above 0 and at most 1")
	}
	s.at = next
	return float32(v), nil
}

func (s *jsonScan) boolean(what string) (bool, error) {
	s.peek()
	for _, word := range [...]string{"true", "false"} {
		if rest := s.b[s.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			s.at += len(word)
			return word == "true", nil
		}
	}
	return false, s.errorf("expected %s, true or false", what)
}

// shortQuote quotes a text from outside, cut where it would fill a log.
func shortQuote(s string) string {
	const most = 64
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:most]) + "..."
}
