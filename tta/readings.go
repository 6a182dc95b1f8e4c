package tta

import (
	"fmt"
	"math"
)

// Reader is a strategy that tells in numbers what it has learned, for people to
// watch. A reading reads: it costs no more than a pass over the state's numbers and
// changes nothing.
type Reader interface {
	Readings() []Reading
}

// Reading is one such number. Names are few and lasting, for they are part of what
// operators' tools ask for.
type Reading struct {
	Name  string  `json:"name"`
	Class int     `json:"class"` // it is about; -1 where it is about none
	Value float64 `json:"value"`
}

// StageReadings are those of one strategy of one pipeline.
type StageReadings struct {
	Pipeline string `json:"pipeline"`
	// Strategy is its name, followed by #2 where the pipeline has a second of it.
	Strategy string    `json:"strategy"`
	Readings []Reading `json:"readings"`
}

// Readings asks every strategy that has something to tell, in the order of the
// pipelines. Values that are no numbers are left out.
func (g *Group) Readings() []StageReadings {
	var out []StageReadings
	for _, p := range g.pipelines {
		times := map[string]int{}
		for i := range p.stages {
			s := &p.stages[i]
			times[s.name]++
			r, ok := s.self.(Reader)
			if !ok {
				continue
			}
			name := s.name
			if n := times[s.name]; n > 1 {
				name = fmt.Sprintf("%s#%d", s.name, n)
			}
			out = append(out, StageReadings{Pipeline: p.name, Strategy: name, Readings: g.read(r)})
		}
	}
	return out
}

// read takes what a strategy tells. One that panics tells nothing: whoever watches
// must not bring down what is watched.
func (g *Group) read(r Reader) []Reading {
	readings := []Reading{}
	_ = safely(&g.env.Log, func() error { // the panic is in the log
		for _, reading := range r.Readings() {
			if !math.IsNaN(reading.Value) && !math.IsInf(reading.Value, 0) {
				readings = append(readings, reading)
			}
		}
		return nil
	})
	return readings
}
