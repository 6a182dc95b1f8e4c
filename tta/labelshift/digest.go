package labelshift

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
)

// Digest names the adapter's weights, which the configuration names by file only:
// what learns behind another adapter starts fresh. It is empty in mode prior_ratio.
func (s *Strategy) Digest() string {
	if s.adapter == nil {
		return ""
	}
	h := sha256.New()
	var chunk []byte
	for _, w := range [][]float32{s.adapter.W1, s.adapter.B1, s.adapter.W2, s.adapter.B2, s.adapter.Head} {
		chunk = binary.LittleEndian.AppendUint64(chunk[:0], uint64(len(w)))
		for _, v := range w {
			if chunk = binary.LittleEndian.AppendUint32(chunk, math.Float32bits(v)); len(chunk) >= 4096 {
				h.Write(chunk)
				chunk = chunk[:0]
			}
		}
		h.Write(chunk)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
