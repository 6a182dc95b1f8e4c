package tta

import (
	"context"
	"time"
)

// Learner learns from labels, which come after their rows were answered: a
// moment later, hours later, or never.
//
// When a batch settles, the group asks for what Learn will need of each row and
// keeps it in its ledger until the label comes. A batch the source view answered
// in the pipeline's place is not remembered: the strategy had no part in it. Nor
// is anything remembered handed out after the pipeline was reset.
type Learner interface {
	// Remember writes what Learn needs of a row of the last step into kept, which
	// has Needs().Remember values: the key it would be found by, the
	// probabilities the strategy was given. It reads only.
	Remember(row int, kept []float32)
	// Learn takes labelled rows in the order their labels came.
	Learn(ctx context.Context, rows []Feedback) error
}

// Feedback is a row answered earlier and what is now known about it.
type Feedback struct {
	Row     uint64    // names the row among all the group ever answered
	Label   int       // the true class, below Env.Classes
	Revises int       // the label known for the same row before, which this one replaces; -1 for none
	Weight  float32   // how much to make of it, in (0,1]
	Step    uint64    // of the batch it was answered in
	Kept    []float32 // what Remember wrote; read-only, and not to be held on to
}

// Label is a late truth as it came from outside: the class of one row of one item.
type Label struct {
	ID     string // the item's; empty when Seq names it
	Seq    uint64 // the item's sequence in the input stream
	Row    int    // in the item
	Class  int
	Weight float32 // 0 is 1
	Revise bool    // replace an earlier, different label
	// From names the message that brought the label, so that its redelivery is
	// told from a second labeler's word; 0 is unknown.
	From uint64
}

// LabelState is what became of a label. It is one of a few words, fit for a
// metric's label.
type LabelState string

// What can become of a label.
const (
	LabelLearned  LabelState = "learned"  // the first for its row
	LabelRevised  LabelState = "revised"  // replaced a different one, as it asked to
	LabelRepeated LabelState = "repeated" // equal to the one known; changed nothing
	LabelAgain    LabelState = "again"    // the same message once more; changed nothing
	LabelConflict LabelState = "conflict" // differs from the one known; changed nothing
	LabelEarly    LabelState = "early"    // no such item yet: deliver it again later
	LabelExpired  LabelState = "expired"  // the item has left the ledger
	LabelInvalid  LabelState = "invalid"  // no such row in the item, no such class
)

// Learned is what Group.Learn did with one label.
type Learned struct {
	State LabelState
	// Why says, for conflicts and invalid labels, what was expected and what came.
	Why   string
	Delay time.Duration // from the answer to the label; 0 unless learned or revised
}
