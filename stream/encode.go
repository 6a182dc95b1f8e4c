package stream

import (
	"math"
	"strconv"
	"unicode/utf8"

	"ttad/tta"
)

// The encoder appends to one buffer: an output is written for every message, and
// reflection over rows, trails and probability vectors is what it would otherwise
// spend its time on.

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r) // bytes that are not UTF-8 become U+FFFD
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}

// appendFloat appends the shortest number that reads back as the same float32;
// null where JSON has no number for it.
func appendFloat(b []byte, v float32) []byte {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e15) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 32)
}

// appendKey starts a member; the first of an object follows its brace.
func appendKey(b []byte, key string) []byte {
	if c := b[len(b)-1]; c != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendMember(b []byte, key, value string) []byte { return appendString(appendKey(b, key), value) }

func appendCount(b []byte, key string, n int64) []byte {
	return strconv.AppendInt(appendKey(b, key), n, 10)
}

func appendFloats(b []byte, values []float32) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, v)
	}
	return append(b, ']')
}

// rowEncoder writes prediction rows as configured.
type rowEncoder struct {
	cfg OutputConfig
	top []int // scratch: classes in order of probability
}

// appendRow appends one row object.
func (e *rowEncoder) appendRow(b []byte, r *tta.RowPrediction) []byte {
	b = append(b, '{')
	b = appendCount(b, "class", int64(r.Class))
	if r.Label != "" {
		b = appendMember(b, "label", r.Label)
	}
	b = appendProb(b, r)
	b = e.appendProbs(b, r.Probs)
	if e.cfg.Source && r.Source != nil {
		b = appendCount(append(appendKey(b, "source"), '{'), "class", int64(r.Source.Class))
		b = append(appendFloat(appendKey(b, "prob"), r.Source.Prob), '}')
		b = strconv.AppendBool(appendKey(b, "changed"), r.Class != r.Source.Class)
	}
	b = appendFloat(appendKey(b, "entropy"), r.Entropy)
	b = appendFloat(appendKey(b, "margin"), r.Margin)
	b = appendMember(b, "guard", r.Guard)
	if e.cfg.Trail {
		b = appendTrail(b, r.Trail)
	}
	return append(b, '}')
}

// appendProb appends the class's probability, which a class beyond the model's has
// not got, and the score of a strategy that chose the class by something else.
func appendProb(b []byte, r *tta.RowPrediction) []byte {
	known := r.Class >= 0 && r.Class < len(r.Probs)
	if known {
		b = appendFloat(appendKey(b, "prob"), r.Probs[r.Class])
	}
	if !known || r.Score != r.Probs[r.Class] {
		b = appendFloat(appendKey(b, "score"), r.Score)
	}
	return b
}

func (e *rowEncoder) appendProbs(b []byte, probs []float32) []byte {
	if e.cfg.Probs == "none" {
		return b
	}
	b = append(appendKey(b, "top"), '[')
	for i, class := range e.largest(probs) {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, '['), int64(class), 10)
		b = append(appendFloat(append(b, ','), probs[class]), ']')
	}
	b = append(b, ']')
	if e.cfg.Probs == "full" {
		b = appendFloats(appendKey(b, "probs"), probs)
	}
	return b
}

// largest returns the classes of the TopK largest values, ties to the lower class.
func (e *rowEncoder) largest(probs []float32) []int {
	e.top = e.top[:0]
	for class, v := range probs {
		if len(e.top) == e.cfg.TopK && !(v > probs[e.top[len(e.top)-1]]) {
			continue
		}
		at := len(e.top)
		for at > 0 && v > probs[e.top[at-1]] {
			at--
		}
		if len(e.top) < e.cfg.TopK {
			e.top = append(e.top, 0)
		}
		copy(e.top[at+1:], e.top[at:])
		e.top[at] = class
	}
	return e.top
}

func appendTrail(b []byte, trail []tta.RowTrail) []byte {
	b = append(appendKey(b, "trail"), '[')
	for i, t := range trail {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(append(b, '{'), "strategy", t.Strategy)
		b = appendCount(b, "class", int64(t.Class))
		b = append(appendFloat(appendKey(b, "shift"), t.Shift), '}')
	}
	return append(b, ']')
}
