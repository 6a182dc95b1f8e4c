package stream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go"

	"ttad/accel"
	"ttad/models"
	"ttad/stream"
)

// benchMessages are the same random image as JSON, as JSON with a binary tail and
// as raw bytes.
func benchMessages(extent int) (text []byte, tailHeader nats.Header, tail []byte, rawHeader nats.Header, raw []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 3*extent*extent)
	for i := range values {
		values[i] = float32(r.NormFloat64())
	}
	raw = floats(values...)
	numbers, _ := json.Marshal(values)
	text = fmt.Appendf(nil, `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3,%d,%d],"data":%s}]}`, extent, extent, numbers)
	tailHeader, tail = tailed(fmt.Sprintf(`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3,%d,%d],"parameters":{"binary_data_size":%d}}]}`, extent, extent, len(raw)), raw)
	rawHeader = headers("Content-Type", stream.ContentTensor, "Ttad-Dtype", "FP32", "Ttad-Shape", "1,3,"+strconv.Itoa(extent)+","+strconv.Itoa(extent))
	return text, tailHeader, tail, rawHeader, raw
}

func BenchmarkDecode(b *testing.B) {
	for _, extent := range []int{32, 224} {
		c := codec(b, func(c *stream.CodecConfig) {
			c.Ports = []models.Port{{Name: "x", Shape: accel.BatchShape(3, extent, extent)}}
			c.Limits.MessageBytes = 4 << 20
		})
		text, tailHeader, tail, rawHeader, raw := benchMessages(extent)
		run := func(name string, h nats.Header, body []byte) {
			b.Run(fmt.Sprintf("%s/%d", name, extent), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					if _, err := c.Decode(h, body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("JSON", nil, text)
		run("binary", tailHeader, tail)
		run("raw", rawHeader, raw)
		b.Run(fmt.Sprintf("encoding-json/%d", extent), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				var req struct {
					Inputs []struct {
						Name     string    `json:"name"`
						Datatype string    `json:"datatype"`
						Shape    []int     `json:"shape"`
						Data     []float32 `json:"data"`
					} `json:"inputs"`
				}
				if err := json.NewDecoder(bytes.NewReader(text)).Decode(&req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
