package demo

import (
	"strconv"
	"testing"
)

// Whatever arrives on the output subject is read or refused, never misread: an
// accepted id is the one a row of ours was sent with.
func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"id":"demo-12","rows":[{"class":3,"source":{"class":5}}]}`))
	f.Add([]byte(`{"id":"demo--1","rows":[{"class":3,"source":{"class":5}}]}`))
	f.Add([]byte(`{"rows":[{}]}`))
	f.Add([]byte("\xff{"))
	f.Fuzz(func(t *testing.T, body []byte) {
		index, a, ok := parseAnswer(body)
		if ok && (index < 0 || a.Class < 0 || a.Source < 0) {
			t.Fatalf("index %s, %+v from %q", strconv.Itoa(index), a, body)
		}
	})
}
