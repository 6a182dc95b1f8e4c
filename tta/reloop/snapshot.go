package reloop

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A snapshot is little-endian: magic, checksum of all after it, classes, the
// weight's sums, the intake's counts, the memory's own snapshot.
const magic = "reloop\x02"

// head is the number of bytes before the sums.
const head = len(magic) + 4 + 4

// Snapshot returns the memory and what was learned about it.
func (s *Strategy) Snapshot() ([]byte, error) {
	b := append([]byte(magic), 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.classes))
	for _, v := range s.trust.sums() {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(*v))
	}
	for _, counts := range s.intake.counts() {
		for _, v := range *counts {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	b = append(b, s.memory.Snapshot()...)
	binary.LittleEndian.PutUint32(b[len(magic):], checksum(b))
	return b, nil
}

// checksum is over what follows it.
func checksum(b []byte) uint32 { return crc32.ChecksumIEEE(b[len(magic)+4:]) }

// Restore puts a snapshot back. It must be of a strategy with as many classes, as
// wide keys and a memory of the same kind and size; on any error nothing changes.
func (s *Strategy) Restore(blob []byte) error {
	numbers := head + 8*(len(s.trust.sums())+len(s.intake.counts())*s.classes)
	if len(blob) < numbers || string(blob[:len(magic)]) != magic {
		return errors.New("not a snapshot of reloop, version 2")
	}
	if got := binary.LittleEndian.Uint32(blob[head-4:]); got != uint32(s.classes) {
		return fmt.Errorf("snapshot of %d classes, the model has %d", got, s.classes)
	}
	if got := binary.LittleEndian.Uint32(blob[len(magic):]); got != checksum(blob) {
		return fmt.Errorf("snapshot with checksum %08x, its content has %08x: it is damaged", got, checksum(blob))
	}
	t, n := newTrust(s.cfg.HalfLife), newIntake(s.classes, s.cfg.PerClassShare, s.cfg.HalfLife)
	if err := readNumbers(blob[head:numbers], &t, n); err != nil {
		return err
	}
	s.search.cancel()
	if err := s.memory.Restore(blob[numbers:]); err != nil {
		return err
	}
	s.trust, s.intake = t, n
	return nil
}

// readNumbers fills sums and counts.
func readNumbers(b []byte, t *trust, n *intake) error {
	read := func(to *float64, least float64) error {
		*to = math.Float64frombits(binary.LittleEndian.Uint64(b))
		b = b[8:]
		if !(*to >= least) || math.IsInf(*to, 0) {
			return fmt.Errorf("snapshot with %g for a sum or a count", *to)
		}
		return nil
	}
	for _, v := range t.sums() {
		if err := read(v, -math.MaxFloat64); err != nil {
			return err
		}
	}
	for _, counts := range n.counts() {
		for i := range *counts {
			if err := read(&(*counts)[i], 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// Reset forgets every label.
func (s *Strategy) Reset() {
	s.search.cancel()
	s.memory.Reset()
	s.forget()
}

// forget starts the weight and the intake anew.
func (s *Strategy) forget() {
	s.trust = newTrust(s.cfg.HalfLife)
	s.intake = newIntake(s.classes, s.cfg.PerClassShare, s.cfg.HalfLife)
}
