package stream

import "strings"

func splitSubject(s string) []string { return strings.Split(s, ".") }

func joinSubject(tokens []string) string { return strings.Join(tokens, ".") }

// checkSubject refuses what must not be copied into an output's subject: tokens
// that are empty, wildcards, or hold white space.
func checkSubject(subject string) *CodedError {
	for _, token := range splitSubject(subject) {
		if token == "" || token == "*" || token == ">" || strings.ContainsAny(token, " \t\r\n") {
			return Refusef(BadHeader, "subject %q has an empty token, a wildcard or white space in it", subject)
		}
	}
	return nil
}

// Subjects are a group's own subjects.
type Subjects struct{ Prefix, Group string }

func (s Subjects) under(kind string) string { return s.Prefix + "." + s.Group + "." + kind }

// In is the default input pattern.
func (s Subjects) In() string { return s.under("in.>") }

// Out is where the champion's predictions for key go.
func (s Subjects) Out(key string) string { return s.under("out." + key) }

// Alt is where a challenger's predictions for key go.
func (s Subjects) Alt(pipeline, key string) string { return s.under("alt." + pipeline + "." + key) }

// DLQ is where dead letters go.
func (s Subjects) DLQ() string { return s.under("dlq") }

// Feedback is the default subject of labels.
func (s Subjects) Feedback() string { return s.under("feedback") }

// Event is where events of a kind go.
func (s Subjects) Event(kind string) string { return s.under("events." + kind) }

// Stored lists the patterns of the group's output stream.
func (s Subjects) Stored() []string {
	return []string{s.under("out.>"), s.under("alt.>"), s.under("ask"), s.under("dlq"), s.under("events.>"), s.under("commit.>")}
}
