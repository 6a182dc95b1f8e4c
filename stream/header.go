package stream

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go"
)

// Header names of the wire.
const (
	HeaderID          = "Ttad-Id"
	HeaderMsgID       = "Nats-Msg-Id"
	HeaderContentType = "Content-Type"
	HeaderJSONLength  = "Inference-Header-Content-Length"
	HeaderDType       = "Ttad-Dtype"
	HeaderShape       = "Ttad-Shape"
	HeaderSrcStream   = "Ttad-Src-Stream"
	HeaderSrcSeq      = "Ttad-Src-Seq"
	HeaderSrcSubject  = "Ttad-Src-Subject"
	HeaderModel       = "Ttad-Model"
	HeaderGeneration  = "Ttad-Generation"
	HeaderPipeline    = "Ttad-Pipeline"
	HeaderStep        = "Ttad-Step"
	HeaderGuard       = "Ttad-Guard"
	HeaderErrorCode   = "Ttad-Error-Code"
	HeaderError       = "Ttad-Error"
	HeaderTraceParent = "traceparent"
	HeaderTraceState  = "tracestate"
)

const (
	maxHeaderBytes = 16 << 10
	maxIDBytes     = 200
)

// headerValue finds a header whatever its case: clients differ in whether they
// canonicalize, and a misspelled case would otherwise change a message's codec.
func headerValue(h nats.Header, name string) (string, bool) {
	if v, ok := h[name]; ok && len(v) > 0 {
		return v[0], true
	}
	for k, v := range h {
		if len(v) > 0 && strings.EqualFold(k, name) {
			return v[0], true
		}
	}
	return "", false
}

// headerBytes is the size of the headers as they travel.
func headerBytes(h nats.Header) int {
	n := 0
	for k, values := range h {
		for _, v := range values {
			n += len(k) + len(v) + len(": \r\n")
		}
	}
	return n
}

// checkID refuses ids that would break logs, headers or memory.
func checkID(from, id string) *CodedError {
	if len(id) > maxIDBytes {
		return Refusef(BadID, "%s has %d bytes, at most %d", from, len(id), maxIDBytes)
	}
	if !utf8.ValidString(id) || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return Refusef(BadID, "%s %q is not printable UTF-8", from, id)
	}
	return nil
}

// itemID takes the id the producer gave: Ttad-Id, else Nats-Msg-Id. Empty means
// none was given.
func itemID(h nats.Header) (string, *CodedError) {
	for _, name := range []string{HeaderID, HeaderMsgID} {
		if id, ok := headerValue(h, name); ok && id != "" {
			return id, checkID(name, id)
		}
	}
	return "", nil
}

// reserved headers are orders to the server: one that came with an input, such as
// an expected sequence, must not be obeyed for its answer.
func reserved(name string) bool {
	return len(name) >= 5 && strings.EqualFold(name[:5], "Nats-")
}

// carried picks the headers that travel from input to output.
func carried(h nats.Header, names []string) map[string][]string {
	out := map[string][]string{}
	for _, name := range append([]string{HeaderTraceParent, HeaderTraceState}, names...) {
		if v, ok := headerValue(h, name); ok && !reserved(name) {
			out[name] = []string{v}
		}
	}
	return out
}
