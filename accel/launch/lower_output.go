package launch

import "ttad/accel"

// priorRatio has a group for each row.
func (l *lowering) priorRatio(n *node) {
	shape := l.shape(n.in[0])
	l.emit("prior_ratio", [3]int{shape[0], 1, 1}, l.value(n.out), l.value(n.in[0]), l.value(n.in[1]), integer(shape[1]))
}

// lameRows are the features and probabilities of a batch on their way to affinities.
type lameRows struct {
	rows, width, classes int
	unit, states, pairs  operand
}

// lame finds the affinities of all pairs of rows and then iterates in one launch: at
// the sizes of a batch an iteration is shorter than a launch.
func (l *lowering) lame(n *node, op accel.LAME) {
	features, q := l.shape(n.in[0]), l.shape(n.in[1])
	r := lameRows{rows: q[0], width: features[1], classes: q[1]}
	r.unit, r.states, r.pairs = l.take(r.rows*r.width), l.take(r.rows), l.take(r.rows*r.rows)
	l.emit("lame_units", [3]int{r.rows, 1, 1}, r.unit, r.states, l.value(n.in[0]), l.value(n.in[1]),
		integer(r.width), integer(r.classes))
	tiles := (r.rows + 15) / 16
	l.emit("lame_pairs", [3]int{tiles, tiles, 1}, r.pairs, r.unit, r.states,
		integer(r.rows), integer(r.width), flag(op.Affinity == accel.AffinityLinear))
	near, w, left := l.affinity(op, r)
	z, next := l.take(r.rows*r.classes), l.take(r.rows*r.classes)
	l.emit("lame_solve", [3]int{min(1, r.rows*r.classes), 1, 1}, l.value(n.out), z, next, w, near, l.value(n.in[1]), r.states,
		integer(r.rows), integer(r.classes), integer(op.MaxIterations), integer(left))
}

// What lame_solve has to do with affinities first: see output.cl.
const (
	weightsReady = iota
	weightsRBF
	weightsMutual
)

// affinity finds the nearest rows, where they count, and says what makes weights of w.
// Those of rbf and linear are mutual.
func (l *lowering) affinity(op accel.LAME, r lameRows) (near, w operand, left int) {
	if op.Affinity == accel.AffinityLinear {
		return r.pairs, r.pairs, weightsReady
	}
	near, w = l.take(r.rows), r.pairs
	left = weightsRBF
	knn := op.Affinity == accel.AffinityKNN
	if knn {
		w, left = l.take(r.rows*r.rows), weightsReady
		if op.ForceSymmetry {
			left = weightsMutual
		}
	}
	l.emit("lame_near", [3]int{r.rows, 1, 1}, near, w, r.pairs, r.states,
		integer(r.rows), integer(op.Neighbors), flag(knn))
	return near, w, left
}
