package daemon

import (
	"time"

	"golang.org/x/time/rate"
)

// Of one kind of event about one pipeline a few may come at once, then one in a
// while: a pipeline that trips at every second batch is worth telling of, its every
// trip is not.
const (
	eventBurst = 10
	eventPause = 10 * time.Second
)

// restraint holds events back, and counts them. The zero value is ready to use.
type restraint struct{ of map[subject]*restrained }

// subject is what an event is about.
type subject struct{ kind, pipeline string }

type restrained struct {
	limit *rate.Limiter
	held  int // since the last that was let through
}

// pass says whether an event may be told, and how many before it were not.
func (r *restraint) pass(about subject, now time.Time) (held int, ok bool) {
	s := r.of[about]
	if s == nil {
		if r.of == nil {
			r.of = map[subject]*restrained{}
		}
		s = &restrained{limit: rate.NewLimiter(rate.Every(eventPause), eventBurst)}
		r.of[about] = s
	}
	if !s.limit.AllowN(now, 1) {
		s.held++
		return 0, false
	}
	held, s.held = s.held, 0
	return held, true
}
