package daemon

import (
	"sync"
	"time"

	"ttad/tta"
)

// scoreInterval is how often scores are read off a group that is never at rest. A
// million scored rows take half a second to rank, during which batches wait: a
// reading that takes longer than quickScores is done so seldom that this costs a
// fiftieth of the time.
const (
	scoreInterval = time.Second
	quickScores   = 10 * time.Millisecond
	scoreShare    = 50
)

// Scores are how the pipelines of one group stand, what waits for labels, and what
// strategies have learned. A group that takes no labels has only the last.
type Scores struct {
	Standings []tta.Standing      `json:"standings,omitempty"`
	Ledger    *tta.LedgerStats    `json:"ledger,omitempty"`
	Readings  []tta.StageReadings `json:"readings,omitempty"`
}

func scoresOf(g *tta.Group) Scores {
	s := Scores{Standings: g.Standings(), Readings: g.Readings()}
	if s.Standings != nil {
		ledger := g.Ledger()
		s.Ledger = &ledger
	}
	return s
}

// scoreboard keeps the last scores for readers on other goroutines. Reading a
// window's ranks takes a while, so it is not done at every batch and label.
type scoreboard struct {
	mu   sync.Mutex
	last Scores
	at   time.Time
	took time.Duration
	read bool   // ever
	of   uint64 // the engine's changes when they were read
}

// refresh reads the scores where something has changed since, and the last are
// older than a while. The caller has the engine's turn.
func (b *scoreboard) refresh(g *tta.Group, changes uint64, older time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.took > quickScores {
		older = max(older, scoreShare*b.took)
	}
	now := time.Now()
	if b.read && (b.of == changes || now.Sub(b.at) < older) {
		return
	}
	b.last, b.at, b.read, b.of = scoresOf(g), now, true, changes
	b.took = time.Since(now)
}

func (b *scoreboard) get() Scores {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// changed notes that there may be new scores. The caller has the turn.
func (e *engine) changed() {
	e.changes++
	e.scores.refresh(e.group.Pipelines, e.changes, scoreInterval)
}

// standings are the scores of this moment where the engine rests, else those of a
// second ago. Asking waits for no batch, and again before anything has changed costs
// nothing.
func (e *engine) standings() Scores {
	if e.turn.TryLock() {
		e.scores.refresh(e.group.Pipelines, e.changes, 0)
		e.turn.Unlock()
	}
	return e.scores.get()
}
