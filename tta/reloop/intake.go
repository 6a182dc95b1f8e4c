package reloop

import "math"

// lately is the number of labels after which a label counts half in what came in
// lately. It is short against any useful memory, so that a flood is noticed long
// before it fills one.
const lately = 100

// intake keeps labels of one class from crowding out the others, whether because
// only that class is ever labelled, as with clicks, or because somebody floods the
// feedback subject. It knows of labels only; what the model answers to the rows
// they belong to tells how much of a class there may well be.
type intake struct {
	share  float64   // a class may have so much, or as much as it is given
	fast   float64   // decay a label of recent and given
	slow   float64   // of usual
	recent []float64 // labels by class, lately
	usual  []float64 // labels by class, over the half-life of the weight
	given  []float64 // what was answered to the rows of recent, by class
	credit []float64 // fractions of a label owed to a class that is thinned
}

func newIntake(classes int, share, halfLife float64) *intake {
	n := &intake{share: share, fast: math.Exp2(-1.0 / lately), slow: math.Exp2(-1 / halfLife)}
	for _, counts := range n.counts() {
		*counts = make([]float64, classes)
	}
	return n
}

// counts lists the state, [classes] each.
func (n *intake) counts() [4]*[]float64 {
	return [4]*[]float64{&n.recent, &n.usual, &n.given, &n.credit}
}

// admit counts a label and says whether to learn it. Of a class that has more than
// its share of the labels, just so many are let in as give it its share of those
// that are; while no other class was ever seen, none.
func (n *intake) admit(label int, given []float32, count float64) bool {
	for k := range given {
		n.recent[k] *= n.fast
		n.usual[k] *= n.slow
		n.given[k] = n.given[k]*n.fast + count*float64(given[k])
	}
	n.recent[label] += count
	n.usual[label] += count
	has, may := part(n.recent, label), max(n.share, part(n.given, label))
	if has <= may || may >= 1 {
		return true
	}
	n.credit[label] += may / (1 - may) * (1 - has) / has
	if n.credit[label] < 1 {
		return false
	}
	n.credit[label]--
	return true
}

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
