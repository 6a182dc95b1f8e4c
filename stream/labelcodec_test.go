package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"

	"ttad/stream"
	"ttad/tta"
)

func TestWhatALabelMessageMayNotBe(t *testing.T) {
	tests := []struct {
		name, body string
		code       stream.Code
		says       string
	}{
		{"empty", ``, stream.BadJSON, "expected a label"},
		{"an array", `[{"id":"a","label":1}]`, stream.BadJSON, `or {"labels":[...]}, got '['`},
		{"cut off", `{"labels":[{"id":"a","label":1}`, stream.BadJSON, "got the end of the text"},
		{"followed by another", `{"id":"a","label":1}{"id":"b","label":1}`, stream.BadJSON, "expected the end of the text"},
		{"two lists", `{"labels":[],"labels":[]}`, stream.BadJSON, "labels is given twice"},
		{"a member twice", `{"id":"a","label":1,"label":2}`, stream.BadJSON, "label is given twice"},
		{"no label", `{"id":"a"}`, stream.BadLabel, "labels[0] has no label"},
		{"no item", `{"labels":[{"id":"a","label":1},{"label":1,"row":0}]}`, stream.BadLabel, "labels[1] names no item"},
		{"an empty id", `{"id":"","label":1}`, stream.BadLabel, "labels[0] names no item"},
		{"an empty list", `{"labels":[]}`, stream.BadLabel, "labels is empty"},
		{"a list and a label", `{"labels":[{"id":"a","label":1}],"id":"b"}`, stream.BadLabel, "send one or the other"},
		{"too many", `{"labels":[` + strings.Repeat(`{"id":"a","label":1},`, 1000) + `{"id":"a","label":1}]}`, stream.BadLabel, "more than 1000 labels"},
		{"a fraction of a class", `{"id":"a","label":1.5}`, stream.BadJSON, "expected ',' or '}'"},
		{"a class below the first", `{"id":"a","label":-1}`, stream.BadJSON, "at least 0, got -1"},
		{"a class that is no number", `{"id":"a","label":null}`, stream.BadJSON, "the index or the name of a class"},
		{"a class of 20 digits", `{"id":"a","label":11111111111111111111}`, stream.BadJSON, "a whole number"},
		{"a row below the first", `{"id":"a","label":1,"row":-1}`, stream.BadJSON, "expected row, at least 0"},
		{"sequence 0", `{"seq":0,"label":1}`, stream.BadJSON, "expected seq, at least 1"},
		{"no weight", `{"id":"a","label":1,"weight":0}`, stream.BadJSON, "above 0 and at most 1"},
		{"a weight that vanishes", `{"id":"a","label":1,"weight":1e-300}`, stream.BadJSON, "above 0 and at most 1"},
		{"too much weight", `{"id":"a","label":1,"weight":1.5}`, stream.BadJSON, "above 0 and at most 1"},
		{"no number for weight", `{"id":"a","label":1,"weight":NaN}`, stream.BadJSON, "above 0 and at most 1"},
		{"revise that is no truth value", `{"id":"a","label":1,"revise":1}`, stream.BadJSON, "expected revise, true or false"},
		{"an id that would break logs", `{"id":"a\n","label":1}`, stream.BadID, "not printable"},
		{"a long id", `{"id":"` + strings.Repeat("a", 201) + `","label":1}`, stream.BadID, "201 bytes"},
		{"larger than messages may be", `{"id":"a","label":1` + strings.Repeat(" ", 100_000) + `}`, stream.TooLarge, "limits.message_bytes"},
		{"deep", `{"id":"a","label":1,"x":` + strings.Repeat("[", 100), stream.BadJSON, "nested deeper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			labels, _, err := stream.DecodeLabels(nil, []byte(tt.body), 100_000, nil)
			assert.Empty(t, labels)
			if assert.NotNil(t, err) {
				assert.Equal(t, tt.code, err.Code)
				assert.Contains(t, err.Message, tt.says)
			}
		})
	}
}

func TestLabelHeadersAreLookedAt(t *testing.T) {
	body := []byte(`{"id":"a","label":1}`)
	for content, code := range map[string]stream.Code{
		"": "", "application/json; charset=utf-8": "", "Application/JSON": "", "application/x-npy": stream.BadCodec,
	} {
		_, _, err := stream.DecodeLabels(nats.Header{"content-type": {content}}, body, 1000, nil)
		if code == "" {
			assert.Nil(t, err, content)
			continue
		}
		assert.Equal(t, code, err.Code, content)
	}
	_, _, err := stream.DecodeLabels(nats.Header{"X": {strings.Repeat("x", 20_000)}}, body, 1000, nil)
	assert.Equal(t, stream.BadHeader, err.Code)
}

func TestNamesOfClassesAreLookedUp(t *testing.T) {
	labels, wrong, err := stream.DecodeLabels(nil, []byte(`{"labels":[{"id":"a","label":"b\u0065e"},{"id":"a","label":"wasp"}]}`), 1000, []string{"ant", "bee"})
	assert.Nil(t, err)
	assert.Equal(t, []tta.Label{{ID: "a", Class: 1}, {ID: "a", Class: -1}}, labels)
	assert.Equal(t, []string{"", `no class is named "wasp"`}, wrong)

	_, wrong, err = stream.DecodeLabels(nil, []byte(`{"id":"a","label":"`+strings.Repeat("w", 100)+`"}`), 1000, nil)
	assert.Nil(t, err)
	assert.Contains(t, wrong[0], `www"... is a name, and the model's classes have none`)
}

func FuzzDecodeLabels(f *testing.F) {
	f.Add([]byte(`{"id":"cam7-000812","row":0,"label":3,"time":"2026-11-23T08:00:00Z","weight":1,"source":"human"}`))
	f.Add([]byte(`{"labels":[{"seq":12,"label":"bee","revise":true},{"id":"\u00e4","label":0,"weight":1e-3,"ask":true,"x":[{}]}]}`))
	f.Add([]byte(`{"labels":[{"id":"a","label":18446744073709551616}`))
	classes := []string{"ant", "bee"}
	f.Fuzz(func(t *testing.T, body []byte) {
		labels, wrong, err := stream.DecodeLabels(nil, body, 1<<20, classes)
		if err != nil {
			if err.Code == "" || err.Message == "" || labels != nil {
				t.Fatalf("refused without a reason, or not whole: %+v %v", err, labels)
			}
			return
		}
		if least := len(`{"seq":1,"label":1}`); len(labels) < 1 || len(labels) > stream.MaxLabels || len(labels)*least > len(body) {
			t.Fatalf("%d labels from %d bytes", len(labels), len(body))
		}
		for i, l := range labels {
			named := (l.ID == "") != (l.Seq == 0)
			known := l.Class >= 0 && wrong[i] == "" || l.Class == -1 && wrong[i] != ""
			if !named || !known || l.Row < 0 || !(l.Weight >= 0 && l.Weight <= 1) || len(l.ID) > 200 {
				t.Fatalf("label %+v, wrong %q", l, wrong[i])
			}
		}
	})
}

func BenchmarkDecodeLabels(b *testing.B) {
	var sent []string
	for i := range stream.MaxLabels {
		sent = append(sent, fmt.Sprintf(`{"id":"cam7-%06d","row":0,"label":%d,"weight":1,"source":"human"}`, i, i%10))
	}
	body := []byte(`{"labels":[` + strings.Join(sent, ",") + `]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := stream.DecodeLabels(nil, body, 1<<20, nil); err != nil {
			b.Fatal(err)
		}
	}
}
