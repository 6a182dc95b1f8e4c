package stream

import (
	"encoding/binary"
	"math"

	"ttad/internal/npyfile"
)

// appendArray appends rows rows of typed bytes to dst in the model's layout.
func (c *Codec) appendArray(p *port, a npyfile.Array, rows int, dst []float32) ([]float32, *CodedError) {
	if a.DType == "UINT8" && !p.whole {
		return appendBytes(p, a.Raw, rows, dst), nil
	}
	if err := checkExact(a); err != nil {
		return dst, err
	}
	if !p.nhwc {
		return a.AppendFloat32(dst), nil
	}
	c.sent = a.AppendFloat32(c.sent[:0])
	return appendChannelsFirst(p, c.sent, rows, dst), nil
}

// appendText is appendArray for numbers that are still JSON.
func (c *Codec) appendText(p *port, in *oipInput, rows int, dst []float32) ([]float32, *CodedError) {
	asBytes := in.dtype == "UINT8" && !p.whole
	if !asBytes && !p.nhwc {
		return appendJSON(dst, in.data, in.dtype, in.shape, rows*p.size)
	}
	var err *CodedError
	c.sent, err = appendJSON(c.sent[:0], in.data, in.dtype, in.shape, rows*p.size)
	if err != nil {
		return dst, err
	}
	if !asBytes {
		return appendChannelsFirst(p, c.sent, rows, dst), nil
	}
	c.raw = c.raw[:0]
	for _, v := range c.sent {
		c.raw = append(c.raw, byte(v))
	}
	return appendBytes(p, c.raw, rows, dst), nil
}

// appendBytes looks every byte up in its channel's table, transposing on the way.
func appendBytes(p *port, raw []byte, rows int, dst []float32) []float32 {
	channels, positions := p.planes()
	for r := range rows {
		row := raw[r*p.size : (r+1)*p.size]
		for ch := range channels {
			table := &p.bytes[ch%len(p.bytes)]
			if p.nhwc {
				for i := ch; i < len(row); i += channels {
					dst = append(dst, table[row[i]])
				}
				continue
			}
			for _, v := range row[ch*positions : (ch+1)*positions] {
				dst = append(dst, table[v])
			}
		}
	}
	return dst
}

// appendChannelsFirst transposes rows of [H W C] to [C H W].
func appendChannelsFirst(p *port, sent []float32, rows int, dst []float32) []float32 {
	channels, _ := p.planes()
	for r := range rows {
		row := sent[r*p.size : (r+1)*p.size]
		for ch := range channels {
			for i := ch; i < len(row); i += channels {
				dst = append(dst, row[i])
			}
		}
	}
	return dst
}

// planes splits a row of the model into channels and positions per channel.
func (p *port) planes() (channels, positions int) {
	if len(p.row) == 0 {
		return 1, 1
	}
	return p.row[0], p.size / p.row[0]
}

// checkExact refuses wide integers that float32 would change.
func checkExact(a npyfile.Array) *CodedError {
	le := binary.LittleEndian
	switch a.DType {
	case "INT32":
		for i := 0; i < len(a.Raw); i += 4 {
			if v := int64(int32(le.Uint32(a.Raw[i:]))); v > exactInt || v < -exactInt {
				return notExact(a.DType, v, i/4)
			}
		}
	case "INT64":
		for i := 0; i < len(a.Raw); i += 8 {
			if v := int64(le.Uint64(a.Raw[i:])); v > exactInt || v < -exactInt {
				return notExact(a.DType, v, i/8)
			}
		}
	}
	return nil
}

func notExact(dtype string, v int64, at int) *CodedError {
	return Refusef(BadDType, "value %d at position %d: %s beyond 2^24 is not exact in float32, in which models compute; send FP32 or FP64 if rounding is meant", v, at, dtype)
}

// checkWhole refuses fractions where the model takes integers.
func checkWhole(p *port, values []float32) *CodedError {
	if !p.whole {
		return nil
	}
	for i, v := range values {
		if v != float32(math.Trunc(float64(v))) || v > exactInt || v < -exactInt {
			return Refusef(BadDType, "input %q takes whole numbers up to 2^24, got %v at position %d; send INT32 or INT64", p.name, v, i)
		}
	}
	return nil
}

// firstNonFinite returns the position of the first NaN or infinity, or -1.
func firstNonFinite(values []float32) int {
	for i, v := range values {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// zeroNonFinite makes every value finite, so that the forward is defined.
func zeroNonFinite(values []float32) {
	for i, v := range values {
		if v-v != 0 {
			values[i] = 0
		}
	}
}
