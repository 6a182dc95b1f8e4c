package reloop

import "math"

// lately is the number of labels after which a label counts half in what came in
// lately. It is short against any useful memory, so that a flood is noticed long
// before it fills one.
const lately = 100

// intake keeps labels of one class from crowding out the others, whether because
// only that class is ever labelled, as with clicks, or because somebody floods the
// feedback subject. It knows of labels only; what was answered to the rows they
// belong to tells how much of a class there may well be.
type intake struct {
	share  float64   // a class may always have so much of what is let in
	fast   float64   // decay a label of recent and given
	slow   float64   // of usual and expected
	recent []float64 // labels by class, lately
	usual  []float64 // labels by class, over the half-life of the weight
	given  []float64 // what was answered to the rows of recent, by class
	// expected is what was answered to the rows of usual. A stretch of answers of
	// one class hides a flood of its labels from given, but not from expected.
	expected []float64
	credit   []float64 // fractions of a label owed to a class that is thinned
}

func newIntake(classes int, share, halfLife float64) *intake {
	n := &intake{share: share, fast: math.Exp2(-1.0 / lately), slow: math.Exp2(-1 / halfLife)}
	for _, counts := range n.counts() {
		*counts = make([]float64, classes)
	}
	return n
}

// counts lists the state, [classes] each.
func (n *intake) counts() [5]*[]float64 {
	return [5]*[]float64{&n.recent, &n.usual, &n.given, &n.expected, &n.credit}
}

// admit counts a label and says whether to learn it. Of a class that has more of
// the labels than it may have, just so many are let in as give it its limit of
// those that are; while no other class was ever seen, none.
func (n *intake) admit(label int, given []float32, count float64) bool {
	n.count(label, given, count)
	has := part(n.recent, label)
	fair := min(part(n.given, label), part(n.expected, label))
	if has <= max(n.share, fair) {
		return true
	}
	n.credit[label] += odds(n.limit(has, fair)) / odds(has)
	if n.credit[label] < 1 {
		return false
	}
	n.credit[label]--
	return true
}

func (n *intake) count(label int, given []float32, count float64) {
	for k, g := range given {
		n.recent[k] *= n.fast
		n.usual[k] *= n.slow
		n.given[k] = n.given[k]*n.fast + count*float64(g)
		n.expected[k] = n.expected[k]*n.slow + count*float64(g)
	}
	n.recent[label] += count
	n.usual[label] += count
}

// limit is how much of what is let in a class may be that has more of the labels,
// has, than of the answers, fair. By as much as its odds among the labels exceed
// those among the answers, its odds among those let in fall short of them: a little
// more than answered costs a little, a flood leaves the class no more than share.
func (n *intake) limit(has, fair float64) float64 {
	o := odds(fair) * odds(fair) / odds(has)
	return max(n.share, o/(1+o))
}

// odds is infinite for a share of 1.
func odds(share float64) float64 { return share / (1 - share) }

// diversity is how diverse labels are of late, against what they usually are and
// against what was answered to the same rows, whichever is more: 1 where they are
// no less, 0 where all are of one class, or there are none.
func (n *intake) diversity() float64 {
	others := max(effective(n.usual), effective(n.given)) - 1
	if !(others > 0) {
		return 0
	}
	return min((effective(n.recent)-1)/others, 1)
}

// part is one count's share of all.
func part(counts []float64, k int) float64 {
	sum := 0.0
	for _, c := range counts {
		sum += c
	}
	return counts[k] / sum
}

// effective is the effective number of classes, exp of the entropy of the shares; 1
// where there are no counts.
func effective(counts []float64) float64 {
	sum, logs := 0.0, 0.0
	for _, c := range counts {
		if c > 0 {
			sum += c
			logs += c * math.Log(c)
		}
	}
	if sum == 0 {
		return 1
	}
	return math.Exp(math.Log(sum) - logs/sum)
}
