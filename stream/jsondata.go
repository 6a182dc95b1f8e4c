package stream

import "math"

// exactInt is the largest whole number up to which float32 holds every one.
const exactInt = 1 << 24

// jsonData reads the numbers of one "data" array, flat or nested as shape says.
type jsonData struct {
	scan  jsonScan
	dst   []float32
	limit int // length dst may reach
	dtype string
	shape []int
	whole bool
	low   float64 // smallest and largest value the datatype holds
	high  float64
}

// appendJSON appends the n numbers of text to dst. The caller has checked that
// text is long enough to hold so many, so that memory follows bytes received.
func appendJSON(dst []float32, text []byte, dtype string, shape []int, n int) ([]float32, *CodedError) {
	d := jsonData{scan: jsonScan{b: text}, dst: dst, limit: len(dst) + n, dtype: dtype, shape: shape}
	d.whole, d.low, d.high = dtypeRange(dtype)
	dims := []int{n}
	if nested(text) {
		dims = shape
	}
	err := d.level(dims)
	return d.dst, err
}

// nested reports whether the array's first element is an array.
func nested(text []byte) bool {
	s := jsonScan{b: text, at: 1}
	return s.peek() == '['
}

func dtypeRange(dtype string) (whole bool, low, high float64) {
	switch dtype {
	case "UINT8":
		return true, 0, math.MaxUint8
	case "INT8":
		return true, math.MinInt8, math.MaxInt8
	case "INT32", "INT64":
		return true, -exactInt, exactInt
	}
	return false, math.Inf(-1), math.Inf(1)
}

// level reads one pair of brackets holding dims[0] elements.
func (d *jsonData) level(dims []int) *CodedError {
	if len(dims) == 0 || !d.scan.accept('[') {
		return Refusef(BadShape, "data is not nested as shape %v says (byte %d); send it flat, or nested to the full depth", d.shape, d.scan.at)
	}
	if len(dims) == 1 {
		return d.values(dims[0])
	}
	count := 0
	for ; ; count++ {
		if err := d.level(dims[1:]); err != nil {
			return err
		}
		if d.scan.accept(']') {
			break
		}
		if err := d.scan.expect(',', "',' or ']'"); err != nil {
			return Refusef(BadJSON, "data: %v", err)
		}
	}
	if count+1 != dims[0] {
		return Refusef(BadShape, "data has %d elements along an axis of %d, shape %v", count+1, dims[0], d.shape)
	}
	return nil
}

// values reads n numbers and the closing bracket; it is the loop that a large
// message spends its time in.
func (d *jsonData) values(n int) *CodedError {
	s, start := &d.scan, len(d.dst)
	if s.accept(']') {
		return d.count(0, n)
	}
	for {
		s.peek()
		v, next, ok := scanNumber(s.b, s.at)
		if !ok {
			return Refusef(BadJSON, "data: byte %d: expected a number", s.at)
		}
		s.at = next
		if d.whole {
			if err := d.checkWhole(v); err != nil {
				return err
			}
		}
		if len(d.dst) == d.limit {
			return Refusef(BadSize, "data holds more values than shape %v", d.shape)
		}
		d.dst = append(d.dst, float32(v))
		switch s.peek() {
		case ',':
			s.at++
		case ']':
			s.at++
			if got := len(d.dst) - start; got != n {
				return d.count(got, n)
			}
			return nil
		default:
			return Refusef(BadJSON, "data: byte %d: expected ',' or ']'", s.at)
		}
	}
}

// count refuses got values in brackets that should hold want.
func (d *jsonData) count(got, want int) *CodedError {
	return Refusef(BadSize, "data holds %d values where shape %v wants %d", got, d.shape, want)
}

func (d *jsonData) checkWhole(v float64) *CodedError {
	if v == math.Trunc(v) && v >= d.low && v <= d.high {
		return nil
	}
	return Refusef(BadDType, "value %v at position %d: %s takes whole numbers from %.0f to %.0f here (beyond 2^24 float32 is not exact); send FP32 or FP64",
		v, len(d.dst), d.dtype, d.low, d.high)
}
