package daemon

import (
	"sync"
	"time"

	"ttad/tta"
)

// scoreInterval is how often scores are read off a group that is never at rest.
const scoreInterval = time.Second

// Scores are how the pipelines of one group stand, and what waits for labels.
type Scores struct {
	Standings []tta.Standing `json:"standings"`
	Ledger    LedgerReport   `json:"ledger"`
}

// LedgerReport is a group's ledger in numbers.
type LedgerReport struct {
	Items   int    `json:"items"`
	Rows    int    `json:"rows"`
	Bytes   int64  `json:"bytes"`
	Evicted uint64 `json:"evicted"` // items that left before all their labels came, since start
}

func scoresOf(g *tta.Group) Scores {
	l := g.Ledger()
	return Scores{Standings: g.Standings(), Ledger: LedgerReport{Items: l.Items, Rows: l.Rows, Bytes: l.Bytes, Evicted: l.Evicted}}
}

// scoreboard keeps the last scores for readers on other goroutines. Reading a
// window's ranks takes a while, so it is not done at every batch and label.
type scoreboard struct {
	mu   sync.Mutex
	last Scores
	at   time.Time
}

// refresh reads the scores where the last are older than a while. The caller has
// the engine's turn.
func (b *scoreboard) refresh(g *tta.Group, older time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(b.at) >= older {
		b.last, b.at = scoresOf(g), now
	}
}

func (b *scoreboard) read() Scores {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// standings are the scores of this moment while the engine rests, else those of a
// second ago. Asking holds up no batch.
func (e *engine) standings() Scores {
	if e.turn.TryLock() {
		e.scores.refresh(e.group.Pipelines, 0)
		e.turn.Unlock()
	}
	return e.scores.read()
}
