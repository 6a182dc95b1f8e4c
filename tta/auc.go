package tta

import (
	"math"
	"slices"
)

// ranked is a row of a two-class model: its probability of class 1 and its class.
type ranked struct {
	score    float32
	positive bool
	key      string
}

// auc is the share of pairs of a positive and a negative row that are in the right
// order, ties half, by ranks: exact, in n log n. It sorts rows. ok is false where
// one of the two has no row.
func auc(rows []ranked) (value float64, ok bool) {
	slices.SortFunc(rows, func(a, b ranked) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return 0
	})
	var positives, negatives, ordered int // ordered counts pairs twice
	for i := 0; i < len(rows); {
		p, n, first := 0, 0, i
		for ; i < len(rows) && rows[i].score == rows[first].score; i++ {
			if rows[i].positive {
				p++
			} else {
				n++
			}
		}
		ordered += p * (2*negatives + n)
		positives, negatives = positives+p, negatives+n
	}
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	return float64(ordered) / (2 * float64(positives) * float64(negatives)), true
}

// gauc averages the AUC of each key by its rows, over keys that have rows of both
// classes. It sorts rows.
func gauc(rows []ranked) (value float64, ok bool) {
	byKey := map[string][]ranked{}
	var keys []string // in order of appearance, so that sums have one order
	for _, r := range rows {
		if _, seen := byKey[r.key]; !seen {
			keys = append(keys, r.key)
		}
		byKey[r.key] = append(byKey[r.key], r)
	}
	total, n := 0.0, 0
	for _, key := range keys {
		if a, both := auc(byKey[key]); both {
			total += a * float64(len(byKey[key]))
			n += len(byKey[key])
		}
	}
	return total / float64(n), n > 0
}

// Bins of the log-odds of class 1: of width 1/128 over [-16, 16).
const (
	oddsReach  = 16
	oddsPerNat = 128
	oddsBins   = 2 * oddsReach * oddsPerNat
)

// aucBins is the AUC over any number of rows in bounded memory: counts of both
// classes by the log-odds of class 1. Pairs in one bin count half, so it is off by
// at most half the share of pairs whose log-odds are closer than 1/128 (or both
// beyond 16).
type aucBins struct {
	counts [oddsBins][2]int64 // negatives, positives
}

func (b *aucBins) count(score float32, positive bool, n int) {
	odds := math.Log(float64(score) / (1 - float64(score)))
	at := min(max((odds+oddsReach)*oddsPerNat, 0), oddsBins-1) // before int: odds may be infinite
	class := 0
	if positive {
		class = 1
	}
	b.counts[int(at)][class] += int64(n)
}

func (b *aucBins) auc() (value float64, ok bool) {
	var positives, negatives, ordered float64
	for _, c := range b.counts {
		n, p := float64(c[0]), float64(c[1])
		ordered += p * (negatives + n/2)
		negatives, positives = negatives+n, positives+p
	}
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	return ordered / (positives * negatives), true
}
