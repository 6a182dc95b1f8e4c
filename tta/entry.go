package tta

import "time"

// entry is one answered item: what everybody answered for its rows, what learners
// want back with their labels, and the labels that have come.
type entry struct {
	id, key  string
	seq      uint64
	row      uint64 // number of its first row
	rows     int
	step     uint64
	answered time.Time
	bytes    int64
	parts    []part
	values   []float32
	truth    []truth // by row; empty before the first label
}

// part says whose values begin where: for the source model and each pipeline the
// class answered and the probabilities of every row, for each learner what it
// remembers of every row. Owners are the numbers a Group gives out.
type part struct {
	owner uint64
	at    int
}

// truth is what is known of a row.
type truth struct {
	class int32  // unlabelled, or the true class
	from  uint64 // the message that said so
}

const unlabelled = -1

// What an entry costs, in bytes: the overhead is itself, its places in the list
// and in three maps at their usual load.
const (
	entryOverhead = 176 + 80 + 3*40
	partBytes     = 16
	truthBytes    = 16
)

// entryBytes is the memory an item will take, its labels included.
func entryBytes(it *Item, values, parts int) int64 {
	return entryOverhead + int64(len(it.ID)+len(it.Key)) + 4*int64(values) + int64(parts)*partBytes + int64(it.Rows)*truthBytes
}

// give makes the next n values an owner's and returns them.
func (e *entry) give(owner uint64, n int) []float32 {
	at := len(e.values)
	e.parts = append(e.parts, part{owner, at})
	e.values = e.values[:at+n]
	return e.values[at : at+n : at+n]
}

// share makes what one owner has another's as well.
func (e *entry) share(owner, with uint64) {
	e.parts = append(e.parts, part{owner, e.at(with)})
}

// at returns where an owner's values begin, or -1.
func (e *entry) at(owner uint64) int {
	for _, p := range e.parts {
		if p.owner == owner {
			return p.at
		}
	}
	return -1
}

// of returns an owner's values for one row, width of them, or nil where the owner
// has none.
func (e *entry) of(owner uint64, row, width int) ([]float32, bool) {
	at := e.at(owner)
	if at < 0 {
		return nil, false
	}
	first := at + row*width
	return e.values[first : first+width : first+width], true
}

func (e *entry) labelled() bool { return len(e.truth) > 0 }

// known returns what is known of a row.
func (e *entry) known(row int) truth {
	if !e.labelled() {
		return truth{class: unlabelled}
	}
	return e.truth[row]
}

// label notes what a row's class is and who said so.
func (e *entry) label(row int, t truth) {
	if !e.labelled() {
		e.truth = grown(e.truth, e.rows)
		for i := range e.truth {
			e.truth[i] = truth{class: unlabelled}
		}
	}
	e.truth[row] = t
}
