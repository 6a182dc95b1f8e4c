package configs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// bounds is a range tag: [ and ] include their end, ( and ) exclude it, an empty
// end or inf is open.
type bounds struct {
	lo, hi         float64
	loOpen, hiOpen bool
	loText, hiText string
}

// parseBounds reads a range tag whose ends are written like the field's values.
func parseBounds(tag string, number func(string) (float64, error)) (bounds, error) {
	if len(tag) < 3 || !strings.ContainsRune("[(", rune(tag[0])) || !strings.ContainsRune("])", rune(tag[len(tag)-1])) {
		return bounds{}, fmt.Errorf("range %q is not like [1,10] or (0,1]", tag)
	}
	lo, hi, ok := strings.Cut(tag[1:len(tag)-1], ",")
	if !ok {
		return bounds{}, fmt.Errorf("range %q has no comma", tag)
	}
	b := bounds{lo: math.Inf(-1), hi: math.Inf(1), loOpen: tag[0] == '(', hiOpen: tag[len(tag)-1] == ')'}
	for _, end := range []struct {
		text string
		into *float64
		name *string
	}{{lo, &b.lo, &b.loText}, {hi, &b.hi, &b.hiText}} {
		text := strings.TrimSpace(end.text)
		if text == "" || strings.HasSuffix(text, "inf") {
			continue
		}
		n, err := number(text)
		if err != nil {
			return bounds{}, fmt.Errorf("range %q: %w", tag, err)
		}
		*end.into, *end.name = n, text
	}
	return b, nil
}

func (b bounds) contains(x float64) bool {
	above := x > b.lo || x == b.lo && !b.loOpen
	below := x < b.hi || x == b.hi && !b.hiOpen
	return above && below
}

// String says the range in words: from 1 to 10, over 0 and at most 1.
func (b bounds) String() string {
	low, high := "", ""
	switch {
	case b.loText == "":
	case b.loOpen:
		low = "over " + b.loText
	default:
		low = "at least " + b.loText
	}
	switch {
	case b.hiText == "":
	case b.hiOpen:
		high = "below " + b.hiText
	default:
		high = "at most " + b.hiText
	}
	switch {
	case low == "" || high == "":
		return low + high
	case b.loText == b.hiText:
		return b.loText
	case !b.loOpen && !b.hiOpen:
		return "from " + b.loText + " to " + b.hiText
	}
	return low + " and " + high
}

func plainNumber(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func durationNumber(s string) (float64, error) {
	d, err := parseDuration(s)
	return float64(d), err
}

func bytesNumber(s string) (float64, error) {
	n, err := parseBytes(s)
	return float64(n), err
}
