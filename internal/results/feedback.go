package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// unheard is a row whose label never comes.
const unheard = -1

// attack makes what learners are told from the truth.
type attack struct {
	name, about string
	tell        func(truth []int, classes int) []int
}

func attacks(classes int) []attack {
	list := []attack{
		{"honest, 5 %", "one row in twenty is labelled, truly", func(y []int, _ int) []int { return share(y, 0.05) }},
		{"flood, 50 %", "ten times as many", func(y []int, _ int) []int { return share(y, 0.5) }},
		{"flipped, 20 %", "every row is labelled, a fifth of them with another class", func(y []int, k int) []int { return flipped(y, k, 0.2) }},
	}
	for _, class := range []int{0, classes - 1} {
		list = append(list,
			attack{fmt.Sprintf("class %d only", class), "every row of that class is labelled, and no other", func(y []int, _ int) []int { return only(y, class) }},
			attack{fmt.Sprintf("class %d only, later", class), "the same, after a first half in which every row is labelled", func(y []int, _ int) []int { return onlyLater(y, class) }})
	}
	return list
}

// share keeps labels at random.
func share(truth []int, keep float64) []int {
	r, told := rand.New(rand.NewPCG(1, 2)), make([]int, len(truth))
	for i, class := range truth {
		if told[i] = unheard; r.Float64() < keep {
			told[i] = class
		}
	}
	return told
}

// flipped replaces labels at random by another class.
func flipped(truth []int, classes int, wrong float64) []int {
	r, told := rand.New(rand.NewPCG(3, 4)), make([]int, len(truth))
	for i, class := range truth {
		if told[i] = class; r.Float64() < wrong {
			told[i] = (class + 1 + r.IntN(classes-1)) % classes
		}
	}
	return told
}

// only keeps the labels of one class.
func only(truth []int, class int) []int {
	told := make([]int, len(truth))
	for i, c := range truth {
		if told[i] = unheard; c == class {
			told[i] = class
		}
	}
	return told
}

// onlyLater keeps all labels of the first half, and those of one class after.
func onlyLater(truth []int, class int) []int {
	half := len(truth) / 2
	return append(slices.Clone(truth[:half]), only(truth[half:], class)...)
}
