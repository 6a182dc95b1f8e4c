package launch

import (
	"fmt"

	"ttad/accel"
)

// node is one step as it is launched: an operator, and what its kernel does to the
// result before writing it.
type node struct {
	step int // of the program
	op   accel.Op
	in   []accel.ValueID
	out  accel.ValueID
	norm int // index among the norm steps; -1 for other operators
	tail tail
	// folded and fused are the steps that need no launch of their own.
	folded, fused []int
}

// tail is done to a result element by element: first add is added, of the same
// shape, then act is applied.
type tail struct {
	add accel.ValueID // accel.NoValue for none
	act accel.Map     // Fn empty for none; one of those that kernels call activations
}

// lowering turns nodes into launches for batches of a known number of rows. Lowering
// the same node for fewer rows takes the same number of scratch pieces, none larger.
type lowering struct {
	program *accel.Program // with the values that planning added
	rows    int
	form    form
	node    int // index of the node at work
	out     []launch
	pieces  []piece // of scratch, of all nodes
	numbers []int32 // tables of all nodes
	faults  []int   // nodes that may find a run to be wrong
}

// form is the kind of runs a list of launches is for.
type form uint8

// Forms of a program.
const (
	forBatch  form = iota // norms measure the batch and mix as rules say
	forGiven              // norms use source or given moments; nothing is measured
	forSource             // norms are folded where they can be, else use source moments
)

// piece is scratch of one node.
type piece struct{ node, floats int }

// launch is a kernel with operands that are not memory yet.
type launch struct {
	kernel string
	groups [3]int
	args   []operand
	node   int
}

// operand is an argument before it is bound to a stream's memory.
type operand struct {
	kind  operandKind
	index int // value, piece, or norm
	n     int32
	f     float32
}

type operandKind uint8

const (
	ofValue   operandKind = iota // memory of a value: constant, input, output or slot
	ofPiece                      // memory of a piece of scratch
	ofTables                     // memory of all tables
	ofRules                      // memory of the run's norm rules: see rules.go
	ofMoments                    // memory that receives the moments of a norm
	ofFaults                     // memory of ints, 0 until a kernel says that the run is wrong
	ofInt
	ofFloat
	ofTooMuch // no argument: index is a number that is no int32
)

func integer(n int) operand {
	if n != int(int32(n)) {
		return operand{kind: ofTooMuch, index: n}
	}
	return operand{kind: ofInt, n: int32(n)}
}

func number(f float32) operand { return operand{kind: ofFloat, f: f} }

// value is the memory of a value. Kernels never see an absent one: where an operand
// is absent, pass whatever memory and a number that says so.
func (l *lowering) value(id accel.ValueID) operand {
	if id == accel.NoValue {
		panic("launch: an absent value has no memory")
	}
	return operand{kind: ofValue, index: int(id)}
}

// shape is a value's extents in this batch.
func (l *lowering) shape(id accel.ValueID) []int { return l.program.Values[id].Shape.At(l.rows) }

// take is memory for the time of the node at work, at least one float.
func (l *lowering) take(floats int) operand {
	l.pieces = append(l.pieces, piece{node: l.node, floats: max(1, floats)})
	return operand{kind: ofPiece, index: len(l.pieces) - 1}
}

// table puts numbers where a kernel can read them: the operands are the memory of
// all tables and where this one begins.
func (l *lowering) table(numbers ...int) (tables, at operand) {
	at = integer(len(l.numbers))
	for _, n := range numbers {
		l.numbers = append(l.numbers, int32(n))
	}
	return operand{kind: ofTables}, at
}

// rules is the memory of the run's rules and where the block of a norm begins.
func (l *lowering) rules(norm int) (rules, at operand) {
	return operand{kind: ofRules}, integer(ruleAt(l.program, norm))
}

// moments is memory for the means and the variances of a norm's channels: the
// caller's, where the run keeps them.
func (l *lowering) moments(norm int) operand { return operand{kind: ofMoments, index: norm} }

// fault is an int of the node at work: its kernel sets it to anything but 0 when
// the values it was given make the run wrong. The stream reports it, with the node.
func (l *lowering) fault() (faults, at operand) {
	l.faults = append(l.faults, l.node)
	return operand{kind: ofFaults}, integer(len(l.faults) - 1)
}

// emit adds a launch. A grid with no groups is left out.
func (l *lowering) emit(kernel string, groups [3]int, args ...operand) {
	for _, n := range groups {
		if n < 0 {
			panic(fmt.Sprintf("launch: kernel %s over a grid of %v groups", kernel, groups))
		}
		if n == 0 {
			return
		}
	}
	l.out = append(l.out, launch{kernel: kernel, groups: groups, args: args, node: l.node})
}

// across is the grid of a kernel of one axis, with an item an element and 256 a
// group.
func across(elements int) [3]int { return [3]int{(elements + 255) / 256, 1, 1} }
