package demo

import (
	"fmt"
	"io"
	"math"
	"time"
)

// narrate tells the run in lines, where there is no terminal to draw on: one when
// a phase is over. It returns when quit is closed.
func narrate(w io.Writer, score *Score, quit <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	told := 0
	for {
		select {
		case <-tick.C:
			told = tell(w, score, told, false)
		case <-quit:
			tell(w, score, told, true)
			return
		}
	}
}

// tell writes a line for each phase from the told-th on that is over: a later one
// has answers, or the run has ended. It returns how many have been told.
func tell(w io.Writer, score *Score, told int, ended bool) int {
	phases := score.Phases()
	for last := told; last < len(phases); last++ {
		if phases[last].Rows == 0 {
			continue
		}
		for ; told < last; told++ {
			line(w, score, told, phases)
		}
	}
	if ended && told < len(phases) && phases[told].Rows > 0 {
		line(w, score, told, phases)
		told++
	}
	return told
}

func line(w io.Writer, score *Score, i int, phases []Accuracy) {
	fmt.Fprintf(w, "phase %d of %d, %s: %d rows", i+1, len(phases), score.phases[i].Name, phases[i].Rows)
	for p, share := range phases[i].Shares {
		if !math.IsNaN(share) {
			fmt.Fprintf(w, ", %s %.1f %%", score.parties[p].Name, 100*share)
		}
	}
	fmt.Fprintln(w)
}
