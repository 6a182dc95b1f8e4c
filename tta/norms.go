package tta

import (
	"fmt"
	"path"

	"ttad/models"
)

// SelectNorms says, one entry a norm node, which nodes a strategy may change:
// all but those whose name matches a pattern of exclude (as path.Match: *, ?,
// [a-z]; a * does not cross '/') and, unless logits is true, those that sit
// directly on the logits. A pattern that matches no node is an error, for it is
// most often a misspelt name.
func SelectNorms(norms []models.NormNode, exclude []string, logits bool) ([]bool, error) {
	chosen := make([]bool, len(norms))
	for i, n := range norms {
		chosen[i] = logits || !n.FeedsLogits
	}
	for _, pattern := range exclude {
		matched := false
		for i, n := range norms {
			ok, err := path.Match(pattern, n.Name)
			if err != nil {
				return nil, fmt.Errorf("exclude %q: %w", pattern, err)
			}
			if ok {
				matched, chosen[i] = true, false
			}
		}
		if !matched && len(norms) > 0 {
			return nil, fmt.Errorf("exclude %q matches no norm node; the model has %s", pattern, listFew(normNames(norms)))
		}
	}
	return chosen, nil
}

func normNames(norms []models.NormNode) []string {
	names := make([]string, len(norms))
	for i, n := range norms {
		names[i] = n.Name
	}
	return names
}
