package stream_test

import (
	"math"
	"strconv"
	"testing"

	"ttad/accel"
	"ttad/models"
	"ttad/stream"
)

// fuzzCodec takes an image and an integer, so that every path of the codec can be
// reached.
func fuzzCodec(t testing.TB) *stream.Codec {
	return codec(t, func(c *stream.CodecConfig) {
		c.Ports = []models.Port{{Name: "x", Shape: accel.BatchShape(3, 2, 2)}, {Name: "n", Shape: accel.BatchShape(), Int: true}}
		c.Input.Layout = "nhwc"
		c.Limits.MessageBytes = 1 << 16
	})
}

func checkDecoded(t *testing.T, rows stream.Rows, err *stream.CodedError) {
	t.Helper()
	if err != nil {
		if err.Code == "" || err.Message == "" {
			t.Fatalf("refused without a reason: %+v", err)
		}
		return
	}
	if rows.Rows < 1 || rows.Rows > 4 {
		t.Fatalf("%d rows", rows.Rows)
	}
	for _, in := range rows.Inputs {
		if in.Rows() != rows.Rows || len(in.Data) != accel.Elements(in.Shape) {
			t.Fatalf("shape %v, %d values, %d rows", in.Shape, len(in.Data), rows.Rows)
		}
		for _, v := range in.Data {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("value %v came through", v)
			}
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"id":"a","inputs":[{"name":"x","datatype":"FP32","shape":[1,2,2,3],"data":[1,2,3,4,5,6,7,8,9,10,11,12.5]},{"name":"n","datatype":"INT64","shape":[1],"data":[7]}],"parameters":{"a":[null,true]}}`))
	f.Add([]byte(`{"inputs":[{"name":"x","datatype":"UINT8","shape":[2,2,3],"data":[[[1,2,3],[4,5,6]],[[7,8,9],[10,11,12]]]},{"name":"n","datatype":"INT8","shape":[],"data":[7]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"x","datatype":"FP64","shape":[4611686018427387904,4],"data":[NaN,-Infinity,1e999]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"\u0078\ud800","datatype":"FP32","shape":[-1],"data":[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := fuzzCodec(t).Decode(nil, body)
		checkDecoded(t, rows, err)
	})
}

func FuzzDecodeBinaryTail(f *testing.F) {
	text := `{"inputs":[{"name":"n","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}},{"name":"x","datatype":"FP16","shape":[1,2,2,3],"parameters":{"binary_data_size":24}}]}`
	f.Add(strconv.Itoa(len(text)), append([]byte(text), make([]byte, 28)...))
	f.Add("2", []byte("{}"))
	f.Add("-1", []byte(`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2,2,3],"parameters":{"binary_data_size":9223372036854775807}}]}`))
	f.Fuzz(func(t *testing.T, length string, body []byte) {
		rows, err := fuzzCodec(t).Decode(headers("Content-Type", stream.ContentBinary, stream.HeaderJSONLength, length), body)
		checkDecoded(t, rows, err)
	})
}

func FuzzDecodeTensor(f *testing.F) {
	f.Add("FP32", "1,2,2,3", make([]byte, 48))
	f.Add("UINT8", "2,2,3", make([]byte, 12))
	f.Add("INT64", "4294967296,4294967296", []byte{1})
	f.Fuzz(func(t *testing.T, dtype, shape string, body []byte) {
		rows, err := image(t, nil).Decode(headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", dtype, "Ttad-Shape", shape), body)
		checkDecoded(t, rows, err)
	})
}

func FuzzDecodeNPY(f *testing.F) {
	f.Add(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 1, 2), }\n", make([]byte, 24)...))
	f.Add(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 1, 2), }\n", make([]byte, 6)...))
	f.Add(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := image(t, nil).Decode(headers("Content-Type", stream.ContentNPY), body)
		checkDecoded(t, rows, err)
	})
}
