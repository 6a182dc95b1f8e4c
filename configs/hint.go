package configs

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns the word most like s, or "" when none is like it. Case and the
// difference between - and _ do not count.
func nearest(s string, words []string) string {
	best, at := "", 1+max(1, min(3, len([]rune(s))/3))
	// A text this long is no mistyped word, and the distance is quadratic.
	if len(s) > 64 {
		return ""
	}
	for _, w := range words {
		if len(w) >= 4 && strings.HasPrefix(fold(s), fold(w)) {
			return w
		}
		if d := levenshtein.ComputeDistance(fold(s), fold(w)); d < at {
			best, at = w, d
		}
	}
	return best
}

func fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }

// didYouMean is the hint for a word that should have been one of words.
func didYouMean(s string, words []string) string {
	if w := nearest(s, words); w != "" {
		return "did you mean " + w + "?"
	}
	return ""
}
