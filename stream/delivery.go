package stream

import (
	"bytes"
	"time"

	"github.com/nats-io/nats.go"

	"ttad/tta"
)

// Delivery is one input message between its arrival and its answer. Header and
// body are kept until then, since a failing model still turns it into a dead
// letter.
type Delivery struct {
	Item      tta.Item
	RequestID string      // "id" of an inference request
	Refused   *CodedError // set when it becomes a dead letter
	Attempt   int         // times the server has delivered it; 1 is the first
	Alone     bool        // suspected of killing the process: shares its batch with nobody
	Header    nats.Header
	Body      []byte

	stored    time.Time // on the server, by its clock
	maxBody   int64     // bytes of it that a dead letter keeps
	at        int       // index of its item in the batch, -1 when refused before batching
	named     bool      // the id is the producer's
	ack       func() error
	working   func() error  // asks the server for more time
	settledCh chan struct{} // closed when answered; only for messages taken alone
	mark      *mark         // stands while it runs alone; nil otherwise
}

// refuse turns d into a dead letter before the model has seen it. Of its body it
// keeps what a dead letter holds: a large message refused for its size must not
// take its size while it waits.
func (d *Delivery) refuse(err *CodedError) {
	d.Refused = err
	if int64(len(d.Body)) > d.maxBody {
		d.Body = bytes.Clone(d.Body[:d.maxBody])
	}
}

// rowCost is what a delivery counts against limits on rows. A refused message has
// none but still takes memory and a place in the answer, so it counts as one.
func (d *Delivery) rowCost() int { return max(d.Item.Rows, 1) }

// Parcel is a closed batch: the rows that share a forward and, in order of
// arrival, the messages they came in, refused ones included. It is valid until
// the callback it was given to returns.
type Parcel struct {
	// Batch holds the accepted messages; Rows is 0 when all were refused. Its Step
	// is the engine's to set.
	Batch      tta.Batch
	Deliveries []*Delivery
	// Generation is that of the configuration that answers, the engine's to set; 0
	// is the one the group was opened with.
	Generation uint64
	Bytes      int64
	Closed     string // why: rows, bytes, age, key, order, alone, pressure or drain

	line   *queueing // while its handler has it
	key    string
	opened time.Time
	cost   int // rows, refused messages counting as one
	byItem []*Delivery
}

// Next is the parcel the handler will be given after this one, if it has closed
// already: for making it ready, not for answering it.
func (p *Parcel) Next() *Parcel {
	if p.line == nil {
		return nil
	}
	return p.line.peek()
}

// Refuse turns item i of the batch into a dead letter instead of an output.
func (p *Parcel) Refuse(i int, err *CodedError) { p.byItem[i].Refused = err }

// RefuseAll turns every item of the batch into a dead letter.
func (p *Parcel) RefuseAll(err *CodedError) {
	for i := range p.byItem {
		p.Refuse(i, err)
	}
}

// keyOf returns the tokens a subject has where its pattern has wildcards; all of
// them where the pattern has none.
func keyOf(pattern, subject string) (string, bool) {
	want, got := splitSubject(pattern), splitSubject(subject)
	var key []string
	for i, token := range want {
		if token == ">" && i < len(got) {
			return joinSubject(append(key, got[i:]...)), true
		}
		if i >= len(got) || token != "*" && token != got[i] {
			return "", false
		}
		if token == "*" {
			key = append(key, got[i])
		}
	}
	if len(want) != len(got) {
		return "", false
	}
	if len(key) == 0 {
		return subject, true
	}
	return joinSubject(key), true
}
