package labelshift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A snapshot is little-endian: the magic, the estimate's kind, rows seen, age, then
// the running shares of predicted classes (bbse only) and the prior.
const magic = "labelshift\x01"

// Snapshot returns the estimate as bytes.
func (s *Strategy) Snapshot() ([]byte, error) {
	e := s.estimate
	b := append([]byte(magic), kindByte(e.kind))
	b = appendFloats(b, []float64{e.seen, e.age})
	return appendFloats(appendFloats(b, e.predicted), e.now), nil
}

// kindByte names an estimate in a snapshot.
func kindByte(kind string) byte {
	return byte(slices.Index([]string{EstimateEM, EstimateMean, EstimateBBSE, EstimateLabels}, kind))
}

func appendFloats(b []byte, values []float64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// Restore puts a snapshot back. It must be of the same estimate over as many
// classes; on any error nothing changes.
func (s *Strategy) Restore(blob []byte) error {
	e := s.estimate
	head, k := len(magic)+1, len(e.now)
	if want := head + 8*(2+len(e.predicted)+k); len(blob) != want {
		return fmt.Errorf("snapshot of %d bytes, one of estimate %s over %d classes has %d", len(blob), e.kind, k, want)
	}
	if string(blob[:len(magic)]) != magic {
		return errors.New("not a snapshot of labelshift, version 1")
	}
	if blob[len(magic)] != kindByte(e.kind) {
		return fmt.Errorf("snapshot of another estimate than %s", e.kind)
	}
	values := readFloats(blob[head:])
	seen, age, predicted, now := values[0], values[1], values[2:2+len(e.predicted)], values[2+len(e.predicted):]
	if !(seen >= 0 && age >= 0) || math.IsInf(seen+age, 0) {
		return fmt.Errorf("snapshot of %g rows and age %g", seen, age)
	}
	if !isPrior(now) || len(predicted) > 0 && !isPrior(predicted) {
		return errors.New("snapshot whose shares are no distribution")
	}
	e.seen, e.age = seen, age
	copy(e.predicted, predicted)
	copy(e.now, now)
	s.moved()
	return nil
}

func readFloats(b []byte) []float64 {
	out := make([]float64, len(b)/8)
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

func isPrior(p []float64) bool {
	for _, v := range p {
		if !(v >= 0) {
			return false
		}
	}
	return math.Abs(sum(p)-1) < 1e-6
}
