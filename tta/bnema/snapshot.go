package bnema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"ttad/bnstats"
)

// A snapshot is little-endian: the magic, the number of batches merged, the
// number of norm nodes; for each node its channels, means and variances.
const magic = "bnema\x01"

// Snapshot returns the running estimate as bytes.
func (s *Strategy) Snapshot() ([]byte, error) {
	b := append([]byte(nil), magic...)
	b = binary.LittleEndian.AppendUint64(b, s.merged)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.running)))
	for _, m := range s.running {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(m.Mean)))
		b = appendFloats(appendFloats(b, m.Mean), m.Var)
	}
	return b, nil
}

func appendFloats(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// Restore puts a snapshot back. It must be of a model with the same norm nodes;
// on any error nothing changes. Sizes are compared with the model's before
// anything is read, so a snapshot cannot make it allocate more than it has.
func (s *Strategy) Restore(blob []byte) error {
	if len(blob) != s.size() {
		return fmt.Errorf("snapshot of %d bytes, this model's has %d", len(blob), s.size())
	}
	if string(blob[:len(magic)]) != magic {
		return errors.New("not a snapshot of bnema, version 1")
	}
	blob = blob[len(magic):]
	merged := binary.LittleEndian.Uint64(blob)
	if n := binary.LittleEndian.Uint32(blob[8:]); n != uint32(len(s.running)) {
		return fmt.Errorf("snapshot of %d norm nodes, the model has %d", n, len(s.running))
	}
	blob = blob[12:]
	restored := make([]bnstats.Moments, len(s.running))
	for i, m := range s.running {
		if c := binary.LittleEndian.Uint32(blob); c != uint32(len(m.Mean)) {
			return fmt.Errorf("node %q: snapshot of %d channels, the model has %d", s.norms[i].Name, c, len(m.Mean))
		}
		restored[i], blob = readMoments(blob[4:], len(m.Mean))
		restored[i].Count = m.Count
		if err := sound(restored[i]); err != nil {
			return fmt.Errorf("node %q: %w", s.norms[i].Name, err)
		}
	}
	s.running, s.merged = restored, merged
	return nil
}

// size is the length of every snapshot of this model.
func (s *Strategy) size() int {
	n := len(magic) + 8 + 4
	for _, m := range s.running {
		n += 4 + 8*len(m.Mean)
	}
	return n
}

func readMoments(b []byte, channels int) (bnstats.Moments, []byte) {
	m := bnstats.New(channels)
	for i := range channels {
		m.Mean[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		m.Var[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*(channels+i):]))
	}
	return m, b[8*channels:]
}

// sound refuses what no batches could have led to.
func sound(m bnstats.Moments) error {
	for c := range m.Mean {
		if mean, v := m.Mean[c], m.Var[c]; mean-mean != 0 || v-v != 0 || v < 0 {
			return fmt.Errorf("channel %d: mean %g and variance %g", c, mean, v)
		}
	}
	return nil
}
