package stream_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/stream"
)

func codec(t testing.TB, change func(*stream.CodecConfig)) *stream.Codec {
	t.Helper()
	cfg := stream.CodecConfig{
		Ports: []models.Port{{Name: "x", Shape: accel.BatchShape(2, 2)}},
		Input: stream.DefaultInput(), Limits: stream.DefaultLimits(), MaxRows: 4,
	}
	if change != nil {
		change(&cfg)
	}
	c, err := stream.NewCodec(cfg)
	require.NoError(t, err)
	return c
}

func image(t testing.TB, change func(*stream.CodecConfig)) *stream.Codec {
	return codec(t, func(c *stream.CodecConfig) {
		c.Ports = []models.Port{{Name: "image", Shape: accel.BatchShape(3, 1, 2)}}
		if change != nil {
			change(c)
		}
	})
}

func floats(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// npy builds a file around a dictionary, right or wrong.
func npy(dict string, payload ...byte) []byte {
	b := append([]byte("\x93NUMPY"), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), payload...)
}

// headers builds a header from name, value pairs.
func headers(pairs ...string) nats.Header {
	h := nats.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// tailed is the JSON part, the tail behind it and the headers that say so.
func tailed(text string, tail []byte) (nats.Header, []byte) {
	h := headers(stream.HeaderContentType, stream.ContentBinary, stream.HeaderJSONLength, strconv.Itoa(len(text)))
	return h, append([]byte(text), tail...)
}

func TestEveryCodecGivesTheSameRows(t *testing.T) {
	want := []float32{1, 2.5, -3, 4e-3, 5, 6, 7, 8}
	raw := floats(want...)
	tailHeader, tailBody := tailed(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2,2],"parameters":{"binary_data_size":32}}]}`, raw)
	tests := []struct {
		name   string
		header nats.Header
		body   []byte
	}{
		{"JSON, flat", nil, []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2,2],"data":[1,2.5,-3,4e-3,5,6,7,8]}]}`)},
		{"JSON, nested", headers("Content-Type", "application/json; charset=utf-8"), []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2,2],"data":[[[1,2.5],[-3,0.004]],[[5,6],[7,8.0]]]}]}`)},
		{"JSON, data before shape, unknown members, white space", headers("content-type", "application/json"),
			[]byte(" { \"model\" : {\"a\":[1,{\"b\":null}]} , \"inputs\" : [ { \"data\" : [ 1 , 2.5,-3,4E-3,\n5,6,7,8 ] , \"x\":\"\\u00e9\", \"name\":\"x\",\"shape\":[2,2,2],\"datatype\":\"FP64\" } ] } ")},
		{"JSON with a binary tail", tailHeader, tailBody},
		{"bytes with shape in headers", headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32", "Ttad-Shape", "2, 2,2"), raw},
		{"npy", headers("Content-Type", stream.ContentNPY), npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 2), }\n", raw...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := codec(t, nil).Decode(tt.header, tt.body)
			require.Nil(t, err)
			assert.Equal(t, 2, rows.Rows)
			require.Len(t, rows.Inputs, 1)
			assert.Equal(t, []int{2, 2, 2}, rows.Inputs[0].Shape)
			assert.Equal(t, want, rows.Inputs[0].Data)
			assert.Empty(t, rows.SourceOnly)
		})
	}
}

func TestShapeWithoutBatchAxisIsOneRow(t *testing.T) {
	rows, err := codec(t, nil).Decode(headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32", "Ttad-Shape", "2,2"), floats(1, 2, 3, 4))
	require.Nil(t, err)
	assert.Equal(t, 1, rows.Rows)
	assert.Equal(t, []int{1, 2, 2}, rows.Inputs[0].Shape)
}

func TestEveryTypeBecomesFloat(t *testing.T) {
	half := func(v ...uint16) (b []byte) {
		for _, h := range v {
			b = binary.LittleEndian.AppendUint16(b, h)
		}
		return b
	}
	wide := func(width int, v ...int64) (b []byte) {
		for _, n := range v {
			full := binary.LittleEndian.AppendUint64(nil, uint64(n))
			b = append(b, full[:width]...)
		}
		return b
	}
	doubles := func(v ...float64) (b []byte) {
		for _, f := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
		}
		return b
	}
	tests := []struct {
		dtype string
		raw   []byte
		want  []float32
	}{
		{"FP64", doubles(1, -2, 0.5, 3), []float32{1, -2, 0.5, 3}},
		{"FP16", half(0x3c00, 0xc000, 0x3800, 0x4200), []float32{1, -2, 0.5, 3}},
		{"INT8", wide(1, 1, -2, 127, -128), []float32{1, -2, 127, -128}},
		{"INT32", wide(4, 1, -2, 1<<24, -1<<24), []float32{1, -2, 1 << 24, -1 << 24}},
		{"INT64", wide(8, 1, -2, 1<<24, -1<<24), []float32{1, -2, 1 << 24, -1 << 24}},
		{"UINT8", []byte{0, 51, 102, 255}, []float32{0, 0.2, 0.4, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.dtype, func(t *testing.T) {
			rows, err := codec(t, nil).Decode(headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", tt.dtype, "Ttad-Shape", "2,2"), tt.raw)
			require.Nil(t, err)
			assert.InDeltaSlice(t, tt.want, rows.Inputs[0].Data, 1e-7)
		})
	}
}

func TestBytesAreScaledPerChannelAndTransposed(t *testing.T) {
	c := image(t, func(c *stream.CodecConfig) {
		c.Input.Layout = "nhwc"
		c.Input.Mean = []float64{0, 0.2, 0.4}
		c.Input.Std = []float64{1, 2, 0.5}
	})
	// Two pixels of three channels: (255, 51, 102) and (0, 102, 204).
	pixels := []byte{255, 51, 102, 0, 102, 204}
	want := []float32{1, 0, 0, 0.1, 0, 0.8}
	for name, in := range map[string]struct {
		header nats.Header
		body   []byte
	}{
		"raw":  {headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "UINT8", "Ttad-Shape", "1,1,2,3"), pixels},
		"npy":  {headers("Content-Type", stream.ContentNPY), npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }", pixels...)},
		"JSON": {nil, []byte(`{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,1,2,3],"data":[255,51,102,0,102,204]}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := c.Decode(in.header, in.body)
			require.Nil(t, err)
			assert.Equal(t, []int{1, 3, 1, 2}, rows.Inputs[0].Shape)
			assert.InDeltaSlice(t, want, rows.Inputs[0].Data, 1e-6)
		})
	}
	t.Run("floats are transposed and not scaled", func(t *testing.T) {
		rows, err := c.Decode(nil, []byte(`{"inputs":[{"name":"image","datatype":"FP32","shape":[1,1,2,3],"data":[1,2,3,4,5,6]}]}`))
		require.Nil(t, err)
		assert.Equal(t, []float32{1, 4, 2, 5, 3, 6}, rows.Inputs[0].Data)
		rows, err = c.Decode(headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32", "Ttad-Shape", "1,2,3"), floats(1, 2, 3, 4, 5, 6))
		require.Nil(t, err)
		assert.Equal(t, []float32{1, 4, 2, 5, 3, 6}, rows.Inputs[0].Data)
	})
}

func TestSeveralInputsAreMatchedByName(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) {
		c.Ports = []models.Port{{Name: "dense", Shape: accel.BatchShape(2)}, {Name: "ids", Shape: accel.BatchShape(1), Int: true}}
	})
	h, body := tailed(`{"id":"r-7","inputs":[{"name":"ids","datatype":"INT64","shape":[2,1],"data":[[7],[9]]},`+
		`{"name":"dense","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}}]}`, floats(1, 2, 3, 4))
	rows, err := c.Decode(h, body)
	require.Nil(t, err)
	assert.Equal(t, "r-7", rows.RequestID)
	assert.Equal(t, []float32{1, 2, 3, 4}, rows.Inputs[0].Data)
	assert.Equal(t, []float32{7, 9}, rows.Inputs[1].Data)
}

func TestOutputsOfAnotherServerAreInputsHere(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) {
		c.Ports = stream.OutputPorts(models.Config{Kind: models.KindOutputs, Classes: 3, FeatureWidth: 2, Features: "pool"})
	})
	rows, err := c.Decode(nil, []byte(`{"inputs":[{"name":"logits","datatype":"FP32","shape":[1,3],"data":[1,2,3]},{"name":"pool","datatype":"FP32","shape":[1,2],"data":[4,5]}]}`))
	require.Nil(t, err)
	assert.Equal(t, []float32{1, 2, 3}, rows.Inputs[0].Data)
	assert.Equal(t, []float32{4, 5}, rows.Inputs[1].Data)
}

func TestNotFiniteValuesAreReplacedWhereTheSourceMayAnswer(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) { c.Input.NonFinite = "source" })
	rows, err := c.Decode(nil, []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,NaN,-Infinity,1e39]}]}`))
	require.Nil(t, err)
	assert.Equal(t, stream.SourceOnlyNotFinite, rows.SourceOnly)
	assert.Equal(t, []float32{1, 0, 0, 0}, rows.Inputs[0].Data)
}

func TestRefusals(t *testing.T) {
	input := func(members string) []byte { return []byte(`{"inputs":[{"name":"x",` + members + `}]}`) }
	tensor := func(dtype, shape string) nats.Header {
		return headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", dtype, "Ttad-Shape", shape)
	}
	binary := func(n string) nats.Header {
		return headers("Content-Type", stream.ContentBinary, stream.HeaderJSONLength, n)
	}
	noTail := input(`"datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}`)
	asNPY := headers("Content-Type", stream.ContentNPY)
	tests := []struct {
		name   string
		code   stream.Code
		says   string
		header nats.Header
		body   []byte
	}{
		{"unknown content type", stream.BadCodec, "expected one of", headers("Content-Type", "image/png"), []byte("x")},
		{"npy that is none", stream.BadCodec, "NUMPY", asNPY, []byte("hello")},
		{"Fortran order", stream.BadCodec, "ascontiguousarray", asNPY, npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", floats(1, 2, 3, 4)...)},

		{"nothing", stream.BadJSON, "expected an inference request", nil, nil},
		{"garbage", stream.BadJSON, "byte 0", nil, []byte("\x00\xff\x13")},
		{"truncated", stream.BadJSON, "not closed", nil, []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2`)},
		{"behind the object", stream.BadJSON, "end of the text", nil, append(input(`"datatype":"FP32","shape":[2,2],"data":[1,2,3,4]`), '}')},
		{"no inputs", stream.BadJSON, "inputs is missing", nil, []byte(`{}`)},
		{"inputs twice", stream.BadJSON, "twice", nil, []byte(`{"inputs":[],"inputs":[]}`)},
		{"no name", stream.BadJSON, "no name", nil, []byte(`{"inputs":[{"datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]}`)},
		{"no shape", stream.BadJSON, "no shape", nil, input(`"datatype":"FP32","data":[1,2,3,4]`)},
		{"no data", stream.BadJSON, "neither data", nil, input(`"datatype":"FP32","shape":[2,2]`)},
		{"data twice", stream.BadJSON, "both data", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1],"parameters":{"binary_data_size":16}`)},
		{"text among numbers", stream.BadJSON, "may only hold numbers", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,"2",3,4]`)},
		{"null among numbers", stream.BadJSON, "expected a number", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,null,3,4]`)},
		{"number with a leading zero", stream.BadJSON, "expected a number", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,02,3,4]`)},
		{"number without digits", stream.BadJSON, "expected a number", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,2.,3,4]`)},
		{"deep nesting", stream.BadJSON, "nested deeper", nil, []byte(`{"a":` + strings.Repeat("[", 10000))},
		{"seventeen inputs", stream.BadJSON, "more than 16", nil, []byte(`{"inputs":[` + strings.Repeat(`{"name":"x","datatype":"FP32","shape":[2,2],"data":[1]},`, 16) + `{}]}`)},
		{"nine axes", stream.BadJSON, "more than 8 axes", nil, input(`"datatype":"FP32","shape":[1,1,1,1,1,1,1,2,2],"data":[1]`)},

		{"wrong extents", stream.BadShape, "expected [N 2 2] with N rows, or [2 2] for one row", nil, input(`"datatype":"FP32","shape":[1,2,3],"data":[1,2,3,4,5,6]`)},
		{"no rows", stream.BadShape, "expected", nil, input(`"datatype":"FP32","shape":[0,2,2],"data":[]`)},
		{"negative rows", stream.BadShape, "expected", nil, input(`"datatype":"FP32","shape":[-1,2,2],"data":[]`)},
		{"nested another way", stream.BadShape, "along an axis of 2", nil, input(`"datatype":"FP32","shape":[2,2,2],"data":[[[1.5,2.5],[3.5,4.5]]]`)},
		{"nested not deep enough", stream.BadShape, "nested", nil, input(`"datatype":"FP32","shape":[1,2,2],"data":[[1,2,3,4]]`)},
		{"bytes with a shape of nothing", stream.BadShape, "expected", tensor("FP32", "0,2,2"), nil},
		{"bytes with a shape beyond memory", stream.BadShape, "too large", tensor("FP32", "4294967296,4294967296"), nil},

		{"unknown type", stream.BadDType, "expected one of", nil, input(`"datatype":"BYTES","shape":[2,2],"data":[1,2,3,4]`)},
		{"unknown type in a header", stream.BadDType, "expected one of", tensor("float32", "2,2"), floats(1, 2, 3, 4)},
		{"object array", stream.BadDType, "object", asNPY, npy("{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", 0x80, 0x03)},
		{"fraction as an integer", stream.BadDType, "whole numbers", nil, input(`"datatype":"INT32","shape":[2,2],"data":[1,2.5,3,4]`)},
		{"byte over 255", stream.BadDType, "from 0 to 255", nil, input(`"datatype":"UINT8","shape":[2,2],"data":[1,256,3,4]`)},
		{"integer beyond 2^24 in JSON", stream.BadDType, "2^24", nil, input(`"datatype":"INT64","shape":[2,2],"data":[16777217,2,3,4]`)},
		{"integer beyond 2^24 in bytes", stream.BadDType, "2^24", tensor("INT32", "2,2"), []byte{1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},

		{"too few values", stream.BadSize, "3 values", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1.5,2.5,3.5]`)},
		{"too many values", stream.BadSize, "more values", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,2,3,4,5]`)},
		{"a shape the text cannot hold", stream.BadSize, "cannot hold", nil, input(`"datatype":"FP32","shape":[4,2,2],"data":[1]`)},
		{"truncated bytes", stream.BadSize, "got 15 bytes", tensor("FP32", "2,2"), floats(1, 2, 3, 4)[:15]},
		{"truncated npy", stream.BadSize, "got 15 bytes", asNPY, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", floats(1, 2, 3, 4)[:15]...)},
		{"tail too short", stream.BadSize, "0 bytes are left", binary(strconv.Itoa(len(noTail))), noTail},

		{"NaN in JSON", stream.NotFinite, "value 1 is NaN", nil, input(`"datatype":"FP32","shape":[2,2],"data":[1,NaN,3,4]`)},
		{"infinity in bytes", stream.NotFinite, "value 3 is +Inf", tensor("FP32", "2,2"), floats(1, 2, 3, float32(math.Inf(1)))},
		{"double beyond float32", stream.NotFinite, "+Inf", nil, input(`"datatype":"FP64","shape":[2,2],"data":[1,2,3,1e300]`)},

		{"message over the limit", stream.TooLarge, "limits.message_bytes", nil, make([]byte, 1<<20+1)},
		{"five rows where four fit", stream.TooManyRows, "batch.max_rows", nil, input(`"datatype":"FP32","shape":[5,2,2],"data":[1]`)},

		{"unknown input", stream.UnknownInput, `the model takes "x"`, nil, []byte(`{"inputs":[{"name":"y","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]}`)},
		{"input twice", stream.UnknownInput, "twice", nil, []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]},{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]}`)},

		{"bytes without a shape", stream.BadHeader, "Ttad-Shape", headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32"), floats(1, 2, 3, 4)},
		{"shape that is none", stream.BadHeader, "whole numbers", tensor("FP32", "2;2"), floats(1, 2, 3, 4)},
		{"tail without a length", stream.BadHeader, "needs the header", headers("Content-Type", stream.ContentBinary), []byte("{}")},
		{"length beyond the body", stream.BadHeader, "0 to the 2 bytes", binary("3"), []byte("{}")},
		{"length that is none", stream.BadHeader, "0 to the 2 bytes", binary("-1"), []byte("{}")},

		{"id too long", stream.BadID, "at most 200", nil, []byte(`{"id":"` + strings.Repeat("i", 201) + `","inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]}`)},
		{"id with a control character", stream.BadID, "printable", nil, []byte(`{"id":"a\u0007","inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[1,2,3,4]}]}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := codec(t, nil).Decode(tt.header, tt.body)
			require.NotNil(t, err)
			assert.Equal(t, tt.code, err.Code, err.Message)
			assert.Contains(t, err.Message, tt.says)
		})
	}
}

func TestRefusalsOfModelsWithSeveralInputs(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) {
		c.Ports = []models.Port{{Name: "a", Shape: accel.BatchShape(1)}, {Name: "n", Shape: accel.BatchShape(1), Int: true}}
	})
	tests := []struct {
		name, body string
		code       stream.Code
		says       string
	}{
		{"one missing", `{"inputs":[{"name":"a","datatype":"FP32","shape":[1,1],"data":[1]}]}`, stream.UnknownInput, `"n" is missing`},
		{"different rows", `{"inputs":[{"name":"a","datatype":"FP32","shape":[1,1],"data":[1]},{"name":"n","datatype":"INT8","shape":[2,1],"data":[1,2]}]}`, stream.BadShape, "2 rows, another has 1"},
		{"fraction for an integer input", `{"inputs":[{"name":"a","datatype":"FP32","shape":[1,1],"data":[1]},{"name":"n","datatype":"FP32","shape":[1,1],"data":[1.5]}]}`, stream.BadDType, "whole numbers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Decode(nil, []byte(tt.body))
			require.NotNil(t, err)
			assert.Equal(t, tt.code, err.Code)
			assert.Contains(t, err.Message, tt.says)
		})
	}
	t.Run("codecs without names", func(t *testing.T) {
		_, err := c.Decode(headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32", "Ttad-Shape", "1"), floats(1))
		require.NotNil(t, err)
		assert.Equal(t, stream.BadCodec, err.Code)
	})
	t.Run("bytes behind the last input", func(t *testing.T) {
		h, body := tailed(`{"inputs":[{"name":"a","datatype":"FP32","shape":[1,1],"parameters":{"binary_data_size":4}},{"name":"n","datatype":"INT8","shape":[1,1],"data":[1]}]}`, append(floats(1), 0))
		_, err := c.Decode(h, body)
		require.NotNil(t, err)
		assert.Equal(t, stream.BadSize, err.Code)
	})
}

func TestCodecRefusesConfigurationThatCannotFit(t *testing.T) {
	for name, change := range map[string]func(*stream.CodecConfig){
		"mean of another number of channels": func(c *stream.CodecConfig) { c.Input.Mean = []float64{1, 2, 3} },
		"std of zero":                        func(c *stream.CodecConfig) { c.Input.Std = []float64{0} },
		"row over limits.row_elements":       func(c *stream.CodecConfig) { c.Limits.RowElements = 3 },
		"no inputs":                          func(c *stream.CodecConfig) { c.Ports = nil },
		"input without a batch axis":         func(c *stream.CodecConfig) { c.Ports = []models.Port{{Name: "x"}} },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := stream.CodecConfig{
				Ports: []models.Port{{Name: "x", Shape: accel.BatchShape(2, 2)}},
				Input: stream.DefaultInput(), Limits: stream.DefaultLimits(), MaxRows: 4,
			}
			change(&cfg)
			_, err := stream.NewCodec(cfg)
			assert.Error(t, err)
		})
	}
}

// Numbers are read by a scanner of our own; this holds it to the standard decoder.
func TestNumbersReadAsTheStandardLibraryReadsThem(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) {
		c.Ports = []models.Port{{Name: "x", Shape: accel.BatchShape(1)}}
	})
	for _, text := range []string{
		"0", "-0", "1", "-1", "0.1", "123456789", "1e5", "1E+5", "1e-5", "3.4028234663852886e38", "1.17549435e-38", "1e-45", "1e-400",
		"0.30000001192092896", "16777217", "0.000000000000000000000000000001", "123456789012345678901234567890", "9007199254740993",
		"0.1234567890123456789012345", "1.0000000596046448", "2.2250738585072014e-308", "8388608.5", "0e9999999999999999999", "5e22", "5e23",
	} {
		rows, err := c.Decode(nil, fmt.Appendf(nil, `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[%s ]}]}`, text))
		require.Nil(t, err, text)
		var want float64
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		assert.Equal(t, float32(want), rows.Inputs[0].Data[0], text)
	}
}

func TestBytesInJSONTakeNoMemoryOfTheirOwn(t *testing.T) {
	c := codec(t, func(c *stream.CodecConfig) { c.Ports = []models.Port{{Name: "x", Shape: accel.BatchShape(64)}} })
	allocs := func(dtype string) float64 {
		body := []byte(`{"inputs":[{"name":"x","datatype":"` + dtype + `","shape":[1,64],"data":[` + strings.Repeat("1,", 63) + `1]}]}`)
		return testing.AllocsPerRun(20, func() {
			_, err := c.Decode(nil, body)
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	assert.Equal(t, allocs("FP32"), allocs("UINT8"))
}
