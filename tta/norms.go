package tta

import (
	"fmt"

	"ttad/models"
)

// SelectNorms says, one entry a norm node, which nodes a strategy may change:
// all but those whose name matches a pattern of exclude and, unless logits is
// true, those that sit directly on the logits. In a pattern * stands for any
// text, slashes too, for exporters build node names from them; ? stands for one
// character. A pattern that matches no node is an error, for it is most often a
// misspelt name.
func SelectNorms(norms []models.NormNode, exclude []string, logits bool) ([]bool, error) {
	chosen := make([]bool, len(norms))
	for i, n := range norms {
		chosen[i] = logits || !n.FeedsLogits
	}
	for _, pattern := range exclude {
		matched := false
		for i, n := range norms {
			if glob(pattern, n.Name) {
				matched, chosen[i] = true, false
			}
		}
		if !matched && len(norms) > 0 {
			return nil, fmt.Errorf("exclude %q matches no norm node; the model has %s", pattern, listFew(normNames(norms)))
		}
	}
	return chosen, nil
}

// glob matches bytes greedily and goes back to the last * when it gets stuck,
// which is linear in practice and at worst the product of the lengths.
func glob(pattern, name string) bool {
	p, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p, n = p+1, n+1
		case star >= 0:
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func normNames(norms []models.NormNode) []string {
	names := make([]string, len(norms))
	for i, n := range norms {
		names[i] = n.Name
	}
	return names
}
