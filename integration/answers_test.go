package integration_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/npyfile"
	"ttad/internal/testkit/tinymodel"
	"ttad/stream"
)

// message is an input with the code of the dead letter it must become, or none.
type message struct {
	name   string
	header map[string]string
	body   []byte
	rows   int // of its answer
	code   string
}

func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// binaryRequest is the binary form of an inference request and its header.
func binaryRequest(n int, tail []byte) (map[string]string, []byte) {
	text := fmt.Sprintf(`{"inputs":[{"name":"x","datatype":"FP32","shape":[%d,2,4,4],"parameters":{"binary_data_size":%d}}]}`, n, len(tail))
	return map[string]string{
		"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": strconv.Itoa(len(text)),
	}, append([]byte(text), tail...)
}

func npy(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, npyfile.WriteFloat32(&b, tinymodel.Shape(n), tinymodel.Rows(n)))
	return b.Bytes()
}

// objectNPY is the array NumPy writes for np.array([None]): a pickle, which must
// never be opened.
func objectNPY() []byte {
	head := "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	return append(append(b, head...), "\x80\x04]\x94Na."...)
}

// inputs are messages in every codec and with every mistake that can be made from
// outside.
func inputs(t testing.TB) []message {
	tensor := func(dtype, shape string) map[string]string {
		return map[string]string{"Content-Type": "application/vnd.ttad.tensor", "Ttad-Dtype": dtype, "Ttad-Shape": shape}
	}
	asNPY := map[string]string{"Content-Type": "application/x-npy"}
	request := func(name, dtype, shape, data string) []byte {
		return fmt.Appendf(nil, `{"inputs":[{"name":%q,"datatype":%q,"shape":%s,"data":%s}]}`, name, dtype, shape, data)
	}
	plane := "[[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4]]"
	two := tinymodel.Rows(2)
	withNaN := slices.Clone(tinymodel.Row(0))
	withNaN[7] = float32(math.NaN())
	tooLarge := slices.Repeat([]float32{math.MaxFloat32}, tinymodel.RowSize)
	bin, binBody := binaryRequest(2, floats(two...))
	cut, cutBody := binaryRequest(2, floats(two...))
	long, longBody := binaryRequest(1, floats(two...))
	return []message{
		{"JSON", nil, jsonRows(0, 1), 1, ""},
		{"JSON of three rows", map[string]string{"Content-Type": "application/json"}, jsonRows(1, 3), 3, ""},
		{"JSON with a binary tail", bin, binBody, 2, ""},
		{"raw tensor", tensor("FP32", "2,2,4,4"), floats(two...), 2, ""},
		{"raw bytes, one row without the batch axis", tensor("UINT8", "2,4,4"), make([]byte, tinymodel.RowSize), 1, ""},
		{"npy", asNPY, npy(t, 3), 3, ""},
		{"nested data", nil, request("x", "INT32", "[2,4,4]", "["+plane+","+plane+"]"), 1, ""},

		{"unknown content type", map[string]string{"Content-Type": "image/png"}, []byte("\x89PNG"), 0, "bad_codec"},
		{"npy with objects", asNPY, objectNPY(), 0, "bad_dtype"},
		{"npy that is none", asNPY, []byte("nothing of the kind"), 0, "bad_codec"},
		{"garbage", nil, []byte("{\"inputs\":"), 0, "bad_json"},
		{"nothing", nil, nil, 0, "bad_json"},
		{"wrong shape", nil, request("x", "FP32", "[1,3,4,4]", "[]"), 0, "bad_shape"},
		{"wrong shape of a tensor", tensor("FP32", "1,32"), floats(tinymodel.Row(0)...), 0, "bad_shape"},
		{"unknown element type", tensor("BF16", "1,2,4,4"), make([]byte, 64), 0, "bad_dtype"},
		{"fewer values than the shape", nil, request("x", "FP32", "[1,2,4,4]", "[1,2,3]"), 0, "bad_size"},
		{"truncated bytes", tensor("FP32", "1,2,4,4"), floats(tinymodel.Row(0)...)[:100], 0, "bad_size"},
		{"truncated tail", cut, cutBody[:len(cutBody)-3], 0, "bad_size"},
		{"more tail than the shape", long, longBody, 0, "bad_size"},
		{"NaN", tensor("FP32", "1,2,4,4"), floats(withNaN...), 0, "not_finite"},
		{"oversize", tensor("FP32", "1,2,4,4"), make([]byte, 70<<10), 0, "too_large"},
		{"more rows than a batch", nil, jsonRows(0, 9), 0, "too_many_rows"},
		{"unknown input", nil, request("y", "FP32", "[1,2,4,4]", "[1]"), 0, "unknown_input"},
		{"tensor without its headers", map[string]string{"Content-Type": "application/vnd.ttad.tensor"}, floats(1), 0, "bad_header"},
		{"headers without end", map[string]string{"X-Long": strings.Repeat("x", 20<<10)}, jsonRows(0, 1), 0, "bad_header"},
		{"id without end", map[string]string{"Ttad-Id": strings.Repeat("i", 201)}, jsonRows(0, 1), 0, "bad_id"},
		{"finite values the model cannot hold", tensor("FP32", "1,2,4,4"), floats(tooLarge...), 0, "model_error"},
	}
}

func TestEveryInputHasOneAnswerOrOneDeadLetter(t *testing.T) {
	s := newSite(t)
	d := s.start(s.config(`
  g:
    model: {file: tiny.onnx}
    batch: {max_rows: 8, max_delay: 2ms}
    limits: {message_bytes: 64KiB}
    pipelines:
      - {name: main, strategies: [alphabn: {source_weight: 0.5, min_rows: 1}, lame: {}]}
`))
	all := inputs(t)
	const rounds = 4 // each message meets other neighbours
	shuffle := rand.New(rand.NewPCG(1, 2))
	total := 0
	bySeq := map[uint64]message{}
	for range rounds {
		for _, i := range shuffle.Perm(len(all)) {
			m := all[i]
			h := nats.Header{}
			for k, v := range m.header {
				h.Set(k, v)
			}
			bySeq[s.put("tta.g.in.cam.7", h, m.body)] = m
			total++
		}
	}
	s.waitFor("g", "tta.g.>", total)
	require.NoError(t, d.stop())

	out, dead := s.answers("g", "tta.g.out.>"), s.answers("g", "tta.g.dlq")
	oncePerInput(t, total, out, dead)
	for _, a := range append(out, dead...) {
		m := bySeq[a.Seq]
		assert.Equal(t, m.code, a.Code, "%s: %s", m.name, a.Header.Get("Ttad-Error"))
		assert.Equal(t, "IN_g", a.Header.Get("Ttad-Src-Stream"))
		assert.Equal(t, "tta.g.in.cam.7", a.Header.Get("Ttad-Src-Subject"))
		if a.Code != "" {
			assert.NotEmpty(t, a.Header.Get("Ttad-Error"), m.name)
			assert.Equal(t, m.body, nilIfEmpty(a.Body), "%s: a dead letter keeps the body", m.name)
			continue
		}
		assert.Equal(t, "tta.g.out.cam.7", a.Subject)
		assert.Len(t, a.Rows, m.rows, m.name)
	}
}

func nilIfEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Every code that a message can earn by itself is among the inputs above; a batch
// earns deadline, a message that kills the process poison, and labels bad_label.
func TestInputsCoverTheCodes(t *testing.T) {
	missing := stream.Codes()
	for _, m := range inputs(t) {
		missing = slices.DeleteFunc(missing, func(c stream.Code) bool { return string(c) == m.code })
	}
	assert.Equal(t, []stream.Code{stream.BadLabel, stream.DeadlineOver, stream.Poison}, missing)
}
