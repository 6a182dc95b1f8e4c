package stream

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
	Kind     string // such as guard.trip
	Pipeline string // empty where it is not about one
	Step     uint64
	Severity Severity
	Message  string
	Hint     string         // what a person can do
	Evidence map[string]any // the numbers behind it
}

// Events publishes a group's events. Any goroutine may use it.
type Events struct{}

// NewEvents publishes events of a group, under its subjects.
func NewEvents(conn *Conn, s Subjects) *Events { return &Events{} }

// Publish sends an event and never waits for the server. What the connection does
// not take is counted.
func (e *Events) Publish(ev Event) {}

// Lost counts events the connection did not take.
func (e *Events) Lost() int64 { return 0 }
