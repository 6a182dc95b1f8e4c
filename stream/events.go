package stream

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// Severity says who should read an event.
type Severity string

// Severities.
const (
	Info Severity = "info" // nobody needs to
	Warn Severity = "warn" // somebody, some time
	Page Severity = "page" // somebody, now
)

// Event is something a person may want to know about a group. Kinds are an API.
type Event struct {
	Kind     string         `json:"-"`                  // such as guard.trip
	Pipeline string         `json:"pipeline,omitempty"` // empty where it is not about one
	Step     uint64         `json:"step"`
	Severity Severity       `json:"severity"`
	Message  string         `json:"message"`
	Hint     string         `json:"hint,omitempty"`     // what a person can do
	Evidence map[string]any `json:"evidence,omitempty"` // the numbers behind it
}

// Events publishes a group's events as CloudEvents, attributes in headers. Any
// goroutine may use it.
type Events struct {
	conn     *Conn
	subjects Subjects
	now      func() time.Time
	lost     atomic.Int64
}

// NewEvents publishes events of a group, under its subjects; now dates them.
func NewEvents(conn *Conn, s Subjects, now func() time.Time) *Events {
	return &Events{conn: conn, subjects: s, now: now}
}

// Publish sends an event and does not wait for the server. While that is away the
// connection keeps what it has room for; the rest is lost and counted.
func (e *Events) Publish(ev Event) {
	msg, err := e.message(ev)
	if err == nil {
		err = e.conn.nc.PublishMsg(msg)
	}
	if err != nil {
		e.lost.Add(1)
		e.conn.log.Warn().Err(err).Str("event", ev.Kind).Msg("event not published")
	}
}

// Lost counts events that were not published.
func (e *Events) Lost() int64 { return e.lost.Load() }

func (e *Events) message(ev Event) (*nats.Msg, error) {
	at := e.now().UTC().Format(time.RFC3339Nano)
	msg := nats.NewMsg(e.subjects.Event(ev.Kind))
	for name, value := range map[string]string{
		"ce-specversion": "1.0", "ce-id": nuid.Next(), "ce-type": "ttad." + ev.Kind, "ce-time": at,
		"ce-source": "/" + e.subjects.Prefix + "/" + e.subjects.Group, HeaderContentType: ContentJSON,
	} {
		msg.Header.Set(name, value)
	}
	var err error
	msg.Data, err = json.Marshal(struct {
		Time  string `json:"time"`
		Group string `json:"group"`
		Event
	}{at, e.subjects.Group, ev})
	return msg, err
}
